using System.Globalization;
using System.Text;
using System.Text.Json;
using Swarm.Engine.Layers;
using Swarm.Engine.Runtime;
using Swarm.Engine.Shim;
using Swarm.Engine.Volumes;

namespace Swarm.Engine.Containers;

/// <summary>The runtime refused to start a container. The clean-up is done.</summary>
internal sealed class StartFailedException(RuntimeFailure failure) : Exception(failure.Message)
{
    public RuntimeFailure Failure => failure;
}

/// <summary>Makes one run of a container: root, network, files, spec, shim. What it made is taken down again if it fails.</summary>
internal sealed class ContainerStarter(
    EngineOptions options, ContainerStore store, IRootfsStore rootfs, IContainerNetwork network, SpecWriter specs, SeccompCache seccomp, ShimLauncher shims, CgroupLayout cgroups,
    Func<string, Container> find, VolumeMounts volumes)
{
    private const string ConfigName = "config.json", DefaultMaximumSize = "-1";
    private const UnixFileMode ReadableByAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    public string Bundle(string id) => Path.Combine(options.BundlesPath, id);

    /// <exception cref="StartFailedException">The runtime's refusal.</exception>
    /// <exception cref="EngineException">Anything else that a user can act on.</exception>
    public async Task<(ContainerRun Run, int Pid)> StartAsync(Container container, CancellationToken cancellation)
    {
        var record = container.Record;
        try
        {
            var shared = SharedNamespaces.Resolve(record, find);
            var merged = rootfs.Mount(record.Id);
            var (sandbox, hostname) = shared.Network is { } donor
                ? (shared.Sandbox, donor.Network is null ? options.NodeName : donor.Record.Config.Hostname!)
                : await AttachNetworkAsync(record, cancellation).ConfigureAwait(false);
            container.Network = sandbox;
            var files = shared.Network is { } other ? FileMounts(other.Id) : WriteNetworkFiles(record, sandbox, hostname);
            volumes.Acquire(record.Id, record.Mounts.Where(m => m.Kind == MountKind.Volume).Select(m => m.Name));
            var mounts = SubpathMounts.Make(SubpathFolder(record.Id), record.Mounts);
            files = [.. files, .. record.PrivateFiles.Select(f => (f.Destination, f.Source, true))];
            var input = new SpecInput(record with { Mounts = mounts }, merged, hostname, sandbox?.NamespacePath ?? "", files)
            {
                JoinsNetwork = shared.Network is not null,
                PidNamespace = shared.Pid is { } pidOwner ? $"/proc/{pidOwner.State.Pid}/ns/pid" : "",
                IpcNamespace = shared.Ipc is { } ipcOwner ? $"/proc/{ipcOwner.State.Pid}/ns/ipc" : "",
                SharedMemory = SharedMemoryOf(record, shared),
                InitProgram = record.HostConfig.Init == true ? InitProgram.Find(options.DataRoot) : "",
            };
            var (spec, uncompiled) = specs.Write(input);
            var bundle = PrepareBundle(record.Id, spec);

            // The exit of the run before is in the state by now; from here on a record of an exit is that of this run.
            File.Delete(store.ExitFile(record.Id));
            var (shimPid, control) = await shims.LaunchAsync(ShimOptionsOf(record, bundle), cancellation).ConfigureAwait(false);
            var run = new ContainerRun(control, shimPid);
            try
            {
                await ConnectWaitingAsync(container, bundle, cancellation).ConfigureAwait(false);
                var pid = await StartProcessAsync(control, record, cancellation).ConfigureAwait(false);
                if (uncompiled is not null)
                {
                    seccomp.Harvest(uncompiled, record.Id);
                }

                return (run, pid);
            }
            catch
            {
                control.Dispose();
                Linux.ChildProcess.Wait(shimPid);
                throw;
            }
        }
        catch
        {
            foreach (var waiting in container.Pending.TakeAll())
            {
                waiting.Complete(null);
            }

            await CleanUpAsync(record.Id, container.RootHolds > 0, cancellation).ConfigureAwait(false);
            container.Network = null;
            throw;
        }
    }

    /// <summary>Takes down what a run had. Safe to repeat.</summary>
    /// <param name="keepRoot">Someone still reads the container's files.</param>
    public async Task CleanUpAsync(string id, bool keepRoot, CancellationToken cancellation)
    {
        await network.DetachAsync(id, cancellation).ConfigureAwait(false);
        SharedMemory.Remove(ShmFolder(id));
        SubpathMounts.Remove(SubpathFolder(id));
        volumes.Release(id);
        if (!keepRoot)
        {
            rootfs.Unmount(id);
        }
    }

    public async Task<(NetworkSandbox? Sandbox, string Hostname)> AttachNetworkAsync(ContainerRecord record, CancellationToken cancellation)
    {
        var mode = NetworkModeOf(record.HostConfig);
        if (mode == "host")
        {
            return (null, record.Config.Hostname == record.ShortId() ? options.NodeName : record.Config.Hostname!);
        }

        var hostname = record.Config.Hostname!;
        var ports = PortRequests.Of(record.Config, record.HostConfig);
        return (await network.AttachAsync(new NetworkRequest(record.Id, hostname, mode, ports), cancellation).ConfigureAwait(false), hostname);
    }

    public static string NetworkModeOf(Wire.HostConfig host) => host.NetworkMode is null or "" or "default" ? "bridge" : host.NetworkMode;

    private System.Collections.Immutable.ImmutableArray<(string, string, bool)> WriteNetworkFiles(ContainerRecord record, NetworkSandbox? sandbox, string hostname)
    {
        var folder = store.Folder(record.Id);
        Write("hostname", hostname + "\n");
        Write("hosts", NetworkFiles.Hosts(record, hostname, sandbox is null ? [] : sandbox.Endpoints));
        Write("resolv.conf", NetworkFiles.ResolvConf(record.HostConfig, sandbox is null));
        return FileMounts(record.Id);

        void Write(string name, string text)
        {
            var path = Path.Combine(folder, name);
            File.WriteAllText(path, text);
            File.SetUnixFileMode(path, ReadableByAll);
        }
    }

    private System.Collections.Immutable.ImmutableArray<(string, string, bool)> FileMounts(string id)
    {
        var folder = store.Folder(id);
        return
        [
            ("/etc/hostname", Path.Combine(folder, "hostname"), false),
            ("/etc/hosts", Path.Combine(folder, "hosts"), false),
            ("/etc/resolv.conf", Path.Combine(folder, "resolv.conf"), false),
        ];
    }

    /// <summary>/dev/shm as a mount of the host, which two containers can have: only for those that share it.</summary>
    private string SharedMemoryOf(ContainerRecord record, SharedNamespaces shared)
    {
        if (shared.Ipc is { } owner)
        {
            return ShmFolder(owner.Id);
        }

        if (record.HostConfig.IpcMode != "shareable")
        {
            return "";
        }

        SharedMemory.Mount(ShmFolder(record.Id), SpecWriter.ShmSize(record.HostConfig));
        return ShmFolder(record.Id);
    }

    private string SubpathFolder(string id) => Path.Combine(options.SubpathsPath, id);

    private string ShmFolder(string id) => Path.Combine(options.SharedMemoryPath, id);

    private string PrepareBundle(string id, OciSpec spec)
    {
        var bundle = Bundle(id);
        if (Directory.Exists(bundle))
        {
            Directory.Delete(bundle, recursive: true);
        }

        Directory.CreateDirectory(bundle);
        File.WriteAllBytes(Path.Combine(bundle, ConfigName), JsonSerializer.SerializeToUtf8Bytes(spec, OciJson.Default.OciSpec));
        return bundle;
    }

    private ShimOptions ShimOptionsOf(ContainerRecord record, string bundle)
    {
        var driver = string.IsNullOrEmpty(record.HostConfig.LogConfig?.Type) ? options.DefaultLogDriver : record.HostConfig.LogConfig.Type;
        var log = record.HostConfig.LogConfig?.Config;
        return new ShimOptions
        {
            Bundle = bundle,
            Id = record.Id,
            Runtime = options.Runtime,
            RuntimeRoot = options.RuntimeStatePath,
            Tty = record.Config.Tty,
            Stdin = record.Config.OpenStdin,
            StdinOnce = record.Config.StdinOnce,
            Log = driver == "json-file" ? store.LogFile(record.Id) : "",
            LogMaximumSize = LogOptions.ParseSize(log?.GetValueOrDefault("max-size") ?? DefaultMaximumSize),
            LogMaximumFiles = LogOptions.ParseFiles(log?.GetValueOrDefault("max-file")),
            ExitFile = store.ExitFile(record.Id),
            OomFile = cgroups.OomFile(specs.CgroupPath(record)),
        };
    }

    private static async Task ConnectWaitingAsync(Container container, string bundle, CancellationToken cancellation)
    {
        foreach (var waiting in container.Pending.TakeAll())
        {
            var connection = await ShimConnection.ConnectAsync(bundle, waiting.Interest, cancellation).ConfigureAwait(false);
            if (connection is not null)
            {
                // Its answer means that it is heard: nothing that the process writes can be missed.
                await connection.ReadAsync(cancellation).ConfigureAwait(false);
            }

            waiting.Complete(connection);
        }
    }

    private static async Task<int> StartProcessAsync(ShimConnection control, ContainerRecord record, CancellationToken cancellation)
    {
        await control.SendAsync(ShimFrameKind.Start, default, cancellation).ConfigureAwait(false);
        var frame = await control.ReadAsync(cancellation).ConfigureAwait(false);
        return frame switch
        {
            { Kind: ShimFrameKind.Started } started => int.Parse(started.Payload.Span, NumberStyles.None, CultureInfo.InvariantCulture),
            { Kind: ShimFrameKind.Failed } failed => throw new StartFailedException(
                RuntimeFailure.Explain(Encoding.UTF8.GetString(failed.Payload.Span), record.Command[0], isExec: false)),
            _ => throw new StartFailedException(new RuntimeFailure(500, 128, "the shim ended before the container was started")),
        };
    }
}
