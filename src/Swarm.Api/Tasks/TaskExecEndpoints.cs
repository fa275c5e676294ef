using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Swarm.Api.Containers;
using Swarm.Api.Exec;
using Swarm.Api.Http;
using Swarm.Api.Membership;
using Swarm.Engine;
using Swarm.Engine.Exec;
using Swarm.Engine.Shim;
using Swarm.Manager.Control;
using Swarm.Manager.Exec;

namespace Swarm.Api.Tasks;

/// <summary>
/// Ours: what /containers/{id}/exec and /exec/{id} are for containers of this node, for tasks of any. {id} is a task, service.slot or a service. Kept in
/// memory by the manager that was asked, as execs are by their node.
/// </summary>
public static class TaskExecEndpoints
{
    /// <summary>Execs that are remembered; of more, ended ones are forgotten and then no more are made.</summary>
    private const int MaxKept = 1024;

    public static void Map(IEndpointRouteBuilder routes, ManagerAccess access)
    {
        var execs = new ConcurrentDictionary<string, TaskExec>(StringComparer.Ordinal);
        routes.MapPost("/tasks/{id}/exec", context => CreateAsync(context, access, execs));
        routes.MapPost("/tasks/exec/{id}/start", context => StartAsync(context, Get(context, execs)));
        routes.MapPost("/tasks/exec/{id}/resize", async context =>
        {
            var (rows, columns) = (ContainerEndpoints.Size(context, "h"), ContainerEndpoints.Size(context, "w"));
            Get(context, execs).Resize(rows, columns);
            await context.AnswerEmptyAsync(StatusCodes.Status200OK).ConfigureAwait(false);
        });
        routes.MapGet("/tasks/exec/{id}/json", context => context.WriteJsonAsync(Inspect(Get(context, execs)), EngineJson.Default.ExecInspect));
    }

    private static async Task CreateAsync(HttpContext context, ManagerAccess access, ConcurrentDictionary<string, TaskExec> execs)
    {
        var request = await context.ReadJsonAsync(EngineJson.Default.ExecCreateRequest).ConfigureAwait(false) ?? new ExecCreateRequest();
        var exec = await access.Tasks.Execs.CreateAsync(context.RouteString("id"), CommandOf(request), context.RequestAborted).ConfigureAwait(false);
        foreach (var ended in execs.Count < MaxKept ? [] : execs.Values.Where(one => one.IsEnded))
        {
            execs.TryRemove(ended.Id, out _);
        }

        if (execs.Count >= MaxKept)
        {
            throw new EngineException(StatusCodes.Status429TooManyRequests, $"this manager has {MaxKept} commands in tasks under way: wait for one to end, or ask another manager");
        }

        execs[exec.Id] = exec;
        await context.WriteJsonAsync(new ExecCreated(exec.Id), EngineJson.Default.ExecCreated, StatusCodes.Status201Created).ConfigureAwait(false);
    }

    private static async Task StartAsync(HttpContext context, TaskExec exec)
    {
        var request = await context.ReadJsonAsync(EngineJson.Default.ExecStartRequest).ConfigureAwait(false) ?? new ExecStartRequest();
        if (request.Detach)
        {
            throw EngineException.NotImplemented("a command in a task cannot be detached from: the manager that was asked passes its streams on");
        }

        if (!exec.TryClaim())
        {
            throw ExecEngine.Claimed(exec.Id, exec.IsEnded);
        }

        await context.HijackAsync(exec.Command.Tty ? Hijack.RawStream : Hijack.MultiplexedStream, (client, closed) => RunAsync(exec, client, closed)).ConfigureAwait(false);
    }

    private static async Task RunAsync(TaskExec exec, Stream client, CancellationToken closed)
    {
        try
        {
            await exec.RunAsync(client, closed).ConfigureAwait(false);
        }
        catch (ControlException e)
        {
            await StreamRefusal.WriteAsync(client, exec.Command.Tty, ShimFrameKind.Stderr, e.Message, closed).ConfigureAwait(false);
        }
    }

    private static TaskExec Get(HttpContext context, ConcurrentDictionary<string, TaskExec> execs) =>
        execs.GetValueOrDefault(context.RouteString("id")) ?? throw EngineException.NotFound($"No such exec instance: {context.RouteString("id")}");

    private static TaskExecCommand CommandOf(ExecCreateRequest request) => new()
    {
        Arguments = [.. request.Cmd ?? []],
        Env = [.. request.Env ?? []],
        User = request.User ?? "",
        WorkingDir = request.WorkingDir ?? "",
        Tty = request.Tty,
        Privileged = request.Privileged,
        Stdin = request.AttachStdin,
        Stdout = request.AttachStdout,
        Stderr = request.AttachStderr,
        DetachKeys = request.DetachKeys ?? "",
        Size = request.ConsoleSize is [var rows, var columns] ? (rows, columns) : null,
    };

    private static ExecInspect Inspect(TaskExec exec) => new()
    {
        ID = exec.Id,
        Running = exec.IsRunning,
        ExitCode = exec.ExitCode,
        Pid = exec.Pid,
        ContainerID = exec.Task.Status.Container?.ContainerId ?? "",
        OpenStdin = exec.Command.Stdin,
        OpenStdout = exec.Command.Stdout,
        OpenStderr = exec.Command.Stderr,
        CanRemove = exec.IsEnded,
        ProcessConfig = new ExecProcessConfig(exec.Command.Tty, exec.Command.Arguments[0], [.. exec.Command.Arguments[1..]], exec.Command.Privileged, exec.Command.User),
    };
}
