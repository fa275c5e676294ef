using System.Text;
using Swarm.Api.Wire;
using Swarm.Compose.Loading;
using Swarm.Compose.Tree;

namespace Swarm.Compose.Conversion;

/// <summary>Secrets and configs: from a file, from a variable, or (configs) written in the compose file.</summary>
internal static class FileConversion
{
    /// <summary>What a cluster takes; a larger file is not even read.</summary>
    private const int MaxSecretBytes = 500 * 1024, MaxConfigBytes = 1000 * 1024;

    /// <summary>r--r--r--.</summary>
    private const uint DefaultMode = 0x124;

    internal static IReadOnlyList<StackFile> Convert(string kind, ConversionContext context) =>
        [.. context.All(kind).Select(one => One(kind, one.Key, one.Section, context))];

    internal static IReadOnlyList<SecretReference>? Secrets(Section service, ConversionContext context)
    {
        var references = References("secrets", service, context).Select(one => new SecretReference { SecretName = one.Source, File = one.File }).ToList();
        return references.Count == 0 ? null : references;
    }

    internal static IReadOnlyList<ConfigReference>? Configs(Section service, ConversionContext context)
    {
        var references = References("configs", service, context).Select(one => new ConfigReference { ConfigName = one.Source, File = one.File }).ToList();
        return references.Count == 0 ? null : references;
    }

    private static IEnumerable<(string Source, FileTarget File)> References(string kind, Section service, ConversionContext context)
    {
        foreach (var reference in service.Maps(kind))
        {
            var source = reference.Text("source") ?? throw reference.Wrong("source is missing");
            if (context.Find(kind, source) is null)
            {
                throw reference.Wrong($"there is no {kind[..^1]} '{source}'");
            }

            var file = new FileTarget
            {
                Name = reference.Text("target") ?? source,
                UID = reference.Text("uid") ?? "0",
                GID = reference.Text("gid") ?? "0",
                Mode = reference.Mode("mode") ?? DefaultMode,
            };
            reference.End();
            yield return (source, file);
        }
    }

    private static StackFile One(string kind, string key, Section section, ConversionContext context)
    {
        var (name, isExternal) = context.NameOf(key, section);
        section.Refuse("driver", "drivers of secrets need plugins, which there are none of");
        section.Refuse("driver_opts", "drivers of secrets need plugins, which there are none of");
        var labels = StackLabels.With(context.Stack, NetworkConversion.LabelsOf(section));
        labels[StackLabels.Key] = key;
        var templating = section.Text("template_driver") is { } driver ? new Driver { Name = driver } : null;
        var (path, variable, content) = (section.Text("file"), section.Text("environment"), kind == "configs" ? section.Text("content") : null);
        section.End();
        if (isExternal)
        {
            return path is null && variable is null && content is null
                ? new StackFile(key, name, null, labels, null)
                : throw section.Wrong("what is external has no content here");
        }

        if (new[] { path, variable, content }.Count(source => source is not null) != 1)
        {
            throw section.Wrong($"its content is missing, or there is more than one: give a file, {(kind == "configs" ? "content, " : "")}an environment variable, or external: true");
        }

        return new StackFile(key, name, path is not null ? Load(path, kind == "secrets" ? MaxSecretBytes : MaxConfigBytes, section, context) : Encoding.UTF8.GetBytes(content ?? Variable(variable!, section, context)), labels, templating);
    }

    private static byte[] Load(string path, int most, Section section, ConversionContext context)
    {
        try
        {
            using var file = File.OpenRead(ComposePaths.Absolute(context.Folder, path));
            var buffer = new byte[most + 1];
            var length = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            return length <= most ? buffer[..length] : throw section.Wrong($"{path} is larger than {most} bytes");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw section.Wrong(e.Message);
        }
    }

    private static string Variable(string name, Section section, ConversionContext context) =>
        context.Variables(name) ?? throw section.Wrong($"the environment variable {name} is not set");
}
