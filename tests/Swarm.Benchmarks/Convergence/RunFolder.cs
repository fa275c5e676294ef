using System.Globalization;
using Swarm.Linux;

namespace Swarm.Benchmarks.Convergence;

/// <summary>A folder of this process for network namespaces. What killed runs left, a thousand mounts that slow every container down, is cleared first.</summary>
internal static class RunFolder
{
    private const string Prefix = "/run/swarm-bench-";

    public static string Make()
    {
        foreach (var old in Directory.EnumerateDirectories("/run", Path.GetFileName(Prefix) + "*").Where(old => !Directory.Exists("/proc/" + old[Prefix.Length..])))
        {
            foreach (var file in Directory.EnumerateFiles(old, "*", SearchOption.AllDirectories))
            {
                NetworkNamespace.Delete(file);
            }

            Directory.Delete(old, recursive: true);
        }

        return Directory.CreateDirectory(Prefix + Environment.ProcessId.ToString(CultureInfo.InvariantCulture)).FullName;
    }
}
