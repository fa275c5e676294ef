using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Swarm.Api.Hosting;
using Swarm.Commands;
using Swarm.Linux;

namespace Swarm.Daemon;

/// <summary>Where the API is to be heard. Whoever reaches it is root here: TCP without TLS leaves this machine only if it was asked for twice.</summary>
internal static partial class DaemonListeners
{
    private const string Unix = "unix://", Passed = "fd://";

    /// <exception cref="IOException">A host that is not there, a socket that was not passed on, a group that is missing, or TCP that needs TLS.</exception>
    internal static ApiServerOptions Of(DaemonOptions options, ApiTls? tls, ILogger logger)
    {
        var sockets = new List<string>();
        var tcp = new List<IPEndPoint>();
        var passed = new List<Socket>();
        foreach (var host in options.Hosts)
        {
            if (host.StartsWith(Unix, StringComparison.Ordinal))
            {
                sockets.Add(host[Unix.Length..]);
                Directory.CreateDirectory(Path.GetDirectoryName(sockets[^1])!);
            }
            else if (host.StartsWith(Passed, StringComparison.Ordinal))
            {
                var taken = PassedSockets.Take(int.TryParse(host[Passed.Length..], CultureInfo.InvariantCulture, out var descriptor) ? descriptor : null);
                passed.AddRange(taken);
                foreach (var endpoint in taken.Select(socket => socket.LocalEndPoint).OfType<IPEndPoint>())
                {
                    EnsureSafe($"tcp://{endpoint}", [endpoint.Address], options, tls is not null, logger);
                }
            }
            else
            {
                var uri = new Uri(host);
                var addresses = AddressesOf(uri);
                EnsureSafe(host, addresses, options, tls is not null, logger);
                tcp.AddRange(addresses.Select(address => new IPEndPoint(address, uri.Port)));
            }
        }

        return new ApiServerOptions
        {
            UnixSockets = sockets,
            PassedSockets = passed,
            TcpEndpoints = [.. tcp.Distinct()],
            Tls = tls,
            OwnSocket = Group(options, logger) is { } group ? path => FileOwner.SetGroup(path, group) : null,
            EngineVersion = EngineVersion.Text,
        };
    }

    private static IPAddress[] AddressesOf(Uri host)
    {
        try
        {
            return IPAddress.TryParse(host.Host.Trim('[', ']'), out var address) ? [address]
                : host.Host == "localhost" ? [IPAddress.Loopback]
                : Dns.GetHostAddresses(host.Host);
        }
        catch (SocketException e)
        {
            throw new IOException($"cannot listen on {host.OriginalString}: {e.Message}", e);
        }
    }

    private static void EnsureSafe(string host, IPAddress[] addresses, DaemonOptions options, bool tls, ILogger logger)
    {
        if (!tls && !options.PlainTcp && !addresses.All(IPAddress.IsLoopback))
        {
            throw new IOException(
                $"{host} has no TLS, and whoever reaches it is root on this machine: give it --tlsverify with --tlscacert, --tlscert and --tlskey, or say --tls=false if that is what you want");
        }

        if (!tls)
        {
            LogInsecure(logger, host);
        }
    }

    private static uint? Group(DaemonOptions options, ILogger logger)
    {
        if (options.SocketGroup is not { } name)
        {
            return null;
        }

        var group = FileOwner.GroupId(name);
        if (group is null && options.SocketGroupIsAsked)
        {
            throw new IOException($"could not find the group \"{name}\" for the socket: make it, or name another one with --group");
        }

        if (group is null)
        {
            LogNoGroup(logger, name);
        }

        return group;
    }

    [LoggerMessage(20, LogLevel.Warning, "{Host} has no TLS: whoever reaches it is root on this machine")]
    private static partial void LogInsecure(ILogger logger, string host);

    [LoggerMessage(21, LogLevel.Debug, "There is no group {Group}: the socket is root's alone")]
    private static partial void LogNoGroup(ILogger logger, string group);
}
