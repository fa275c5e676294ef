using System.CommandLine;
using System.Globalization;
using System.Reflection;
using Swarm.Api.Client;
using Swarm.Commands.Text;

namespace Swarm.Commands.Host;

/// <summary>The engine itself.</summary>
internal static class HostCommands
{
    public static Command Info(Cli cli) =>
        cli.OnEngine(new Command("info", "Show a node's engine and its part in the cluster"), async (_, client, cancellation) =>
        {
            var info = await client.InfoAsync(cancellation);
            await cli.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"""
                Name: {info.Name}
                Server Version: {info.ServerVersion}
                Containers: {info.Containers} ({info.ContainersRunning} running, {info.ContainersPaused} paused, {info.ContainersStopped} stopped)
                Images: {info.Images}
                Storage Driver: {info.Driver}
                Default Runtime: {info.DefaultRuntime}
                Cgroup Version: {info.CgroupVersion}
                Kernel Version: {info.KernelVersion}
                Operating System: {info.OperatingSystem}
                CPUs: {info.NCPU}
                Total Memory: {HumanSize.Format(info.MemTotal)}
                Root Dir: {info.DockerRootDir}
                Swarm: {info.Swarm?.LocalNodeState ?? "inactive"}
                """));
            if (info.Swarm is { LocalNodeState: not "inactive" } swarm)
            {
                await cli.Out.WriteLineAsync($"""
                     NodeID: {swarm.NodeID}
                     Node Address: {swarm.NodeAddr}
                     Is Manager: {(swarm.ControlAvailable ? "true" : "false")}
                     Managers: {string.Join(' ', (swarm.RemoteManagers ?? []).Select(p => p.Addr))}
                    """);
            }

            foreach (var warning in info.Warnings)
            {
                await cli.Error.WriteLineAsync(warning);
            }
        });

    public static Command Version(Cli cli) =>
        cli.OnEngine(new Command("version", "Show the versions of client and server"), async (_, client, cancellation) =>
        {
            var own = typeof(HostCommands).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
            await cli.Out.WriteLineAsync($"Client: {own}");
            var server = await client.VersionAsync(cancellation);
            await cli.Out.WriteLineAsync($"""
                Server: {server.Platform?.Name}
                 Version: {server.Version}
                 API version: {server.ApiVersion} (minimum version {server.MinAPIVersion})
                 OS/Arch: {server.Os}/{server.Arch}
                 Kernel: {server.KernelVersion}
                """);
        });
}
