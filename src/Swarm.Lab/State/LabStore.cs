using System.Text.Json;
using Swarm.Linux;

namespace Swarm.Lab.State;

/// <summary>The labs' records on disk, one JSON file each, written durably so that `down` also works after a crash of `up`.</summary>
public sealed class LabStore(LabHost host)
{
    /// <summary>Names of all labs, sorted.</summary>
    public IReadOnlyList<string> Names() =>
        !Directory.Exists(host.DataRoot)
            ? []
            : [.. Directory.EnumerateDirectories(host.DataRoot).Select(d => Path.GetFileName(d)!)
                .Where(name => File.Exists(host.StateFile(name))).Order(StringComparer.Ordinal)];

    public LabRecord? Find(string name)
    {
        try
        {
            var json = File.ReadAllBytes(host.StateFile(name));
            return JsonSerializer.Deserialize(json, LabJson.Default.LabRecord)?.Completed();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException e)
        {
            throw new LabException($"{host.StateFile(name)} cannot be read ({e.Message}): take the lab down by removing that file and its processes", e);
        }
    }

    /// <exception cref="LabException">No such lab.</exception>
    public LabRecord Get(string name) => Find(name) ?? throw new LabException($"there is no lab '{name}': {Known()}");

    public void Save(LabRecord record)
    {
        Directory.CreateDirectory(host.LabData(record.Name));
        DurableFile.Write(host.StateFile(record.Name), JsonSerializer.SerializeToUtf8Bytes(record, LabJson.Default.LabRecord));
    }

    /// <summary>Last step of taking a lab down.</summary>
    public void Delete(string name)
    {
        if (Directory.Exists(host.LabData(name)))
        {
            Directory.Delete(host.LabData(name), recursive: true);
        }
    }

    private string Known()
    {
        var names = Names();
        return names.Count == 0 ? "make one with 'swarm lab up'" : "the labs are " + string.Join(", ", names);
    }
}
