using System.Diagnostics;
using System.Net.NetworkInformation;
using Swarm.Linux;

namespace Swarm.Networking.Tests.Netlink;

public sealed class NetworkNamespaceTests : IDisposable
{
    private readonly Namespaces namespaces = new();

    public void Dispose() => namespaces.Dispose();

    [Fact]
    public void New_namespace_has_only_a_loopback_link()
    {
        var links = namespaces.Add("a").Run(() => File.ReadAllLines("/proc/thread-self/net/dev").Skip(2).Select(line => line.Split(':')[0].Trim()));
        Assert.Equal(["lo"], links);
    }

    [Fact]
    public void Action_inside_leaves_the_callers_thread_where_it_was()
    {
        var before = Identity();
        var inside = namespaces.Add("a").Run(Identity);
        Assert.NotEqual(before, inside);
        Assert.Equal(before, Identity());
    }

    [Fact]
    public void Namespace_outlives_its_handle_and_opens_again_by_its_file()
    {
        var path = Path.Combine(namespaces.Folder, "kept");
        string first;
        using (var ns = NetworkNamespace.Create(path))
        {
            first = ns.Run(Identity);
        }

        using var again = NetworkNamespace.Open(path);
        Assert.Equal(first, again.Run(Identity));
    }

    [Fact]
    public void Process_started_inside_is_inside()
    {
        var ns = namespaces.Add("a");
        using var process = ns.Start(new ProcessStartInfo("readlink", ["/proc/self/ns/net"]) { RedirectStandardOutput = true });
        Assert.Equal(ns.Run(Identity), process.StandardOutput.ReadToEnd().Trim());
        process.WaitForExit();
    }

    [Fact]
    public void Deleting_is_safe_to_repeat_and_leaves_no_file()
    {
        var path = Path.Combine(namespaces.Folder, "gone");
        NetworkNamespace.Create(path).Dispose();
        Assert.True(NetworkNamespace.Delete(path));
        Assert.False(NetworkNamespace.Delete(path));
        Assert.False(File.Exists(path));
        Assert.Throws<IOException>(() => NetworkNamespace.Open(path));
    }

    [Fact]
    public void File_left_by_a_crash_before_the_bind_is_not_a_namespace_and_is_reused()
    {
        var path = Path.Combine(namespaces.Folder, "half");
        File.WriteAllText(path, "");
        Assert.False(NetworkNamespace.IsNamespace(path));
        NetworkNamespace.Create(path).Dispose();
        Assert.True(NetworkNamespace.IsNamespace(path));
    }

    [Fact]
    public void Failure_inside_reaches_the_caller()
    {
        var ns = namespaces.Add("a");
        Assert.Throws<NetworkInformationException>(() => ns.Run(() => throw new NetworkInformationException()));
    }

    private static string Identity() => new FileInfo("/proc/thread-self/ns/net").LinkTarget!;
}
