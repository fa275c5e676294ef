using System.Collections.Immutable;

namespace Swarm.Engine.Devices;

/// <summary>
/// The devices that CDI files of this machine describe, read anew each time it is asked: drivers write such files when they please. A file in a later
/// folder wins over one in an earlier folder; a device that two files of one folder describe is none.
/// </summary>
/// <param name="folders">Lowest priority first; those that do not exist have no devices.</param>
internal sealed class CdiCatalog(IReadOnlyList<string> folders)
{
    private static readonly string[] Extensions = [".json", ".yaml", ".yml"];

    /// <summary>Fully qualified names in order, and what is wrong with files.</summary>
    public (IReadOnlyList<string> Devices, IReadOnlyList<string> Warnings) List()
    {
        var (devices, warnings) = Read();
        return ([.. devices.Keys.Order(StringComparer.Ordinal)], warnings);
    }

    /// <summary>What the devices change, in the order in which they are named; a file's own edits before those of its first device.</summary>
    /// <exception cref="EngineException">500 with Docker's words: a device that no file describes.</exception>
    public IReadOnlyList<CdiEdits> Edits(IReadOnlyList<string> names)
    {
        var (devices, warnings) = Read();
        var unknown = names.Where(name => !devices.ContainsKey(name)).ToList();
        if (unknown.Count > 0)
        {
            var why = warnings.Length > 0 ? $" ({string.Join("; ", warnings)})" : "";
            throw new EngineException(500, $"CDI device injection failed: unresolvable CDI devices {string.Join(", ", unknown)}{why}");
        }

        List<CdiEdits> edits = [];
        HashSet<string> files = [];
        foreach (var (spec, device) in names.Select(name => devices[name]))
        {
            if (files.Add(spec.Path))
            {
                edits.Add(spec.Edits);
            }

            edits.Add(device.Edits);
        }

        return edits;
    }

    private (Dictionary<string, (CdiSpec Spec, CdiDevice Device)> Devices, ImmutableArray<string> Warnings) Read()
    {
        var devices = new Dictionary<string, (CdiSpec, CdiDevice)>(StringComparer.Ordinal);
        var warnings = ImmutableArray.CreateBuilder<string>();
        foreach (var folder in folders)
        {
            foreach (var sameName in ReadFolder(folder, warnings).SelectMany(spec => spec.Devices.Select(device => (spec, device))).GroupBy(pair => $"{pair.spec.Kind}={pair.device.Name}"))
            {
                devices.Remove(sameName.Key);
                if (sameName.Count() == 1)
                {
                    devices[sameName.Key] = sameName.Single();
                }
                else
                {
                    warnings.Add($"CDI: conflicting device \"{sameName.Key}\" (specs {string.Join(", ", sameName.Select(pair => pair.spec.Path))})");
                }
            }
        }

        return (devices, warnings.ToImmutable());
    }

    private static List<CdiSpec> ReadFolder(string folder, ImmutableArray<string>.Builder warnings)
    {
        List<CdiSpec> specs = [];
        if (!Directory.Exists(folder))
        {
            return specs;
        }

        foreach (var path in Directory.GetFiles(folder).Where(path => Extensions.Contains(Path.GetExtension(path))).Order(StringComparer.Ordinal))
        {
            try
            {
                specs.Add(CdiReader.Read(path));
            }
            catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                warnings.Add($"CDI: Error associated with spec file {path}: {e.Message}");
            }
        }

        return specs;
    }
}
