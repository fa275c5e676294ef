using System.Security.Cryptography;
using Swarm.Linux;

namespace Swarm.Engine.Runtime;

/// <summary>The init of containers run with --init: the machine's docker-init if it has one, else ours, which is written beside the containers.</summary>
internal static class InitProgram
{
    private const string Resource = "docker-init";
    private const UnixFileMode Executable = (UnixFileMode)0x1ED;
    private static readonly string[] Known = ["/usr/bin/docker-init", "/usr/local/bin/docker-init", "/usr/libexec/docker/docker-init", "/usr/bin/tini-static"];

    /// <summary>Its path on the host.</summary>
    /// <param name="configured">Empty: none was named.</param>
    public static string Find(string configured, string dataRoot) => configured.Length > 0 ? configured : Known.FirstOrDefault(File.Exists) ?? Own(dataRoot);

    private static string Own(string dataRoot)
    {
        using var stream = typeof(InitProgram).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException("this build has no init");
        var program = new byte[stream.Length];
        stream.ReadExactly(program);
        var path = Path.Combine(dataRoot, "init", "docker-init-" + Convert.ToHexStringLower(SHA256.HashData(program))[..12]);
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            DurableFile.Write(path + ".new", program);
            File.SetUnixFileMode(path + ".new", Executable);
            File.Move(path + ".new", path, overwrite: true);
        }

        return path;
    }
}
