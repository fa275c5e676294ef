using System.Globalization;
using System.Net.Sockets;

namespace Swarm.Daemon;

/// <summary>
/// One daemon per bridge: its firewall table and its addresses are named after it. The claim is an abstract unix socket, which the kernel keeps
/// apart by network namespace, as it does bridges, and drops when the process ends, however it ends (unix(7)).
/// </summary>
internal sealed class BridgeName : IDisposable
{
    /// <summary>How many daemons in one namespace find a name of their own.</summary>
    private const int MaximumTries = 64;
    private const int LongestLink = 15;

    private readonly Socket _claim;

    private BridgeName(string name, Socket claim) => (Name, _claim) = (name, claim);

    public string Name { get; }

    /// <summary>The bridge that was asked for, or else the first of docker0, docker1... that no daemon has: that of the last time if it is free.</summary>
    /// <param name="memory">A file on volatile storage that keeps the name while containers may be on the bridge.</param>
    /// <exception cref="IOException">Another daemon has the one that was asked for.</exception>
    public static BridgeName Take(string wanted, bool isAsked, string memory)
    {
        if (isAsked)
        {
            return TryTake(wanted) ?? throw new IOException(
                $"the bridge {wanted} belongs to another daemon in this network namespace: name another one with --bridge");
        }

        var last = File.Exists(memory) ? [File.ReadAllText(memory).Trim()] : Array.Empty<string>();
        foreach (var name in last.Concat(Candidates(wanted)).Where(name => name.Length is > 0 and <= LongestLink))
        {
            if (TryTake(name) is { } taken)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(memory)!);
                File.WriteAllText(memory, name);
                return taken;
            }
        }

        throw new IOException($"each of the bridges {wanted} and the next {MaximumTries - 1} belongs to another daemon: name another one with --bridge");
    }

    public void Dispose() => _claim.Dispose();

    /// <summary>docker0, docker1...</summary>
    private static IEnumerable<string> Candidates(string first)
    {
        var stem = first.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
        var number = int.TryParse(first.AsSpan(stem.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0;
        return Enumerable.Range(number, MaximumTries).Select(next => next == number ? first : stem + next.ToString(CultureInfo.InvariantCulture));
    }

    private static BridgeName? TryTake(string name)
    {
        var claim = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            claim.Bind(new UnixDomainSocketEndPoint("\0swarm/bridge/" + name));
            return new BridgeName(name, claim);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            claim.Dispose();
            return null;
        }
    }
}
