using System.Text.Json;
using Swarm.Engine.Containers;
using Swarm.Engine.Runtime;

namespace Swarm.Engine.Exec;

/// <summary>The OCI process of an exec: the container's own, with what the request changes.</summary>
internal static class ExecSpec
{
    private const string TerminalVariable = "TERM=xterm", ConfigName = "config.json";

    public static OciProcess Of(ExecCreateRequest request, ExecStartRequest start, Container container, IReadOnlyList<string> allCapabilities, string bundle, string rootfs)
    {
        var spec = JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(bundle, ConfigName)), OciJson.Default.OciSpec)!;
        var environment = SpecWriter.Overlay(request.Tty ? SpecWriter.Overlay([TerminalVariable], spec.Process.Env) : spec.Process.Env, request.Env ?? []);
        var size = start.ConsoleSize is { Count: 2 } given ? given : request.ConsoleSize;
        return spec.Process with
        {
            Terminal = request.Tty,
            ConsoleSize = request.Tty && size is [> 0 and var height, > 0 and var width] ? new OciConsoleSize(height, width) : null,
            Args = request.Cmd!,
            Env = environment,
            Capabilities = request.Privileged ? new OciCapabilities(allCapabilities, allCapabilities, allCapabilities) : spec.Process.Capabilities,
            Cwd = string.IsNullOrEmpty(request.WorkingDir) ? spec.Process.Cwd : request.WorkingDir,
            User = string.IsNullOrEmpty(request.User) ? spec.Process.User : ContainerUser.Resolve(rootfs, request.User, container.Record.HostConfig.GroupAdd),
        };
    }
}
