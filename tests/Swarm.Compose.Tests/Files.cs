using Swarm.Compose.Conversion;
using Swarm.Compose.Loading;

namespace Swarm.Compose.Tests;

/// <summary>A folder of compose files.</summary>
internal sealed class Files : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("swarm-compose-tests-");

    internal Dictionary<string, string> Variables { get; } = [];

    internal string Root => _folder.FullName;

    internal Files With(string name, string text)
    {
        var path = Path.Combine(Root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return this;
    }

    internal ComposeProject Load(params string[] files) => Load(null, files);

    internal ComposeProject Load(ComposeOptions? options, params string[] files) => ComposeLoader.Load((options ?? Options) with { Files = files.Length == 0 ? ["compose.yaml"] : files });

    internal ComposeOptions Options => new() { Files = [], StackName = "shop", Variables = Variables.GetValueOrDefault, WorkingFolder = Root };

    internal Stack Convert(params string[] files) => StackConversion.Convert(Load(files));

    /// <summary>The one service of a compose file with these keys.</summary>
    internal StackService Service(string keys)
    {
        With("compose.yaml", "services:\n  web:\n    image: busybox\n" + string.Concat(keys.Split('\n').Select(line => $"    {line}\n")));
        return Convert().Services.Single(service => service.Key == "web");
    }

    internal static string Refusal(Action act) => Assert.Throws<ComposeException>(act).Message;

    public void Dispose() => _folder.Delete(recursive: true);
}
