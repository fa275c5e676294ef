using System.Globalization;
using System.Text;
using System.Text.Json;
using Swarm.Engine.Layers;
using Swarm.Engine.Runtime;
using Swarm.Engine.Shim;
using Swarm.Engine.UserNamespaces;
using Swarm.Engine.Volumes;
using Swarm.Linux;

namespace Swarm.Engine.Containers;

/// <summary>The runtime refused to start a container. The clean-up is done.</summary>
internal sealed class StartFailedException(RuntimeFailure failure) : Exception(failure.Message)
{
    public RuntimeFailure Failure => failure;
}

/// <summary>
/// The daemon ends while a shim starts a container: what the shim needs stays, and the next daemon finds a container that runs or an exit.
/// </summary>
internal sealed class StartLeftToNextDaemonException(OperationCanceledException cancelled) : OperationCanceledException(cancelled.Message, cancelled);

/// <summary>Makes one run of a container: root, network, files, spec, shim. What it made is taken down again if it fails.</summary>
internal sealed class ContainerStarter(
    EngineOptions options, ContainerStore store, IRootfsStore rootfs, IContainerNetwork network, SpecWriter specs, SeccompCache seccomp, ShimLauncher shims, CgroupLayout cgroups,
    Func<string, Container> find, VolumeMounts volumes)
{
    private readonly ContainerNamespaces _namespaces = new(options.UserNamespacesPath, options.Ids);

    /// <summary>Empty: not on this machine.</summary>
    private static string Gzip { get; } = new[] { "/usr/bin/gzip", "/bin/gzip" }.FirstOrDefault(File.Exists) ?? "";

    private const string ConfigName = "config.json", LogAttributesName = "log-attributes";
    private const UnixFileMode ReadableByAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Null: root of this host.</summary>
    public (uint Uid, uint Gid)? StreamOwner(ContainerRecord record) => _namespaces.IsRemapped(record) ? options.Ids.Root : null;

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
            var users = _namespaces.Make(record, shared);
            var (sandbox, hostname) = shared.Network is { } donor
                ? (shared.Sandbox, donor.Network is null ? options.NodeName : donor.Record.Config.Hostname!)
                : await AttachNetworkAsync(record, users, cancellation).ConfigureAwait(false);
            container.Network = sandbox;
            var links = ContainerLinks.Resolve(record, find);
            var files = shared.Network is { } other ? FileMounts(other.Id) : WriteNetworkFiles(record, sandbox, hostname);
            if (links.Count > 0)
            {
                record = record with { Config = record.Config with { Env = [.. ContainerLinks.Environment(record, links), .. record.Config.Env ?? []] } };
            }

            volumes.Acquire(record.Id, record.Mounts.Where(m => m.Kind == MountKind.Volume).Select(m => m.Name));
            var mounts = SubpathMounts.Make(SubpathFolder(record.Id), record.Mounts);
            files = [.. files, .. record.PrivateFiles.Select(f => (f.Destination, f.Source, true))];
            var input = new SpecInput(record with { Mounts = mounts }, merged, hostname, sandbox?.NamespacePath ?? "", files)
            {
                JoinsNetwork = shared.Network is not null,
                UserNamespace = users,
                PidNamespace = shared.Pid is { } pidOwner ? $"/proc/{pidOwner.State.Pid}/ns/pid" : "",
                IpcNamespace = shared.Ipc is { } ipcOwner ? $"/proc/{ipcOwner.State.Pid}/ns/ipc" : "",
                SharedMemory = SharedMemoryOf(record, shared),
                InitProgram = (record.HostConfig.Init ?? options.Defaults.Init) ? InitProgram.Find(options.Defaults.InitPath, options.DataRoot) : "",
            };
            var (spec, uncompiled) = specs.Write(input);
            var bundle = PrepareBundle(record.Id, spec);

            // The exit of the run before is in the state by now; from here on a record of an exit is that of this run.
            File.Delete(store.ExitFile(record.Id));
            var (shimPid, control) = await shims.LaunchAsync(ShimOptionsOf(record, bundle, hasHooks: spec.Hooks is not null), cancellation).ConfigureAwait(false);
            var run = new ContainerRun(control, shimPid);
            var told = false;
            try
            {
                await ConnectWaitingAsync(container, bundle, cancellation).ConfigureAwait(false);
                told = true;
                var pid = await StartProcessAsync(control, record, cancellation).ConfigureAwait(false);
                shims.Prepare();
                if (uncompiled is not null)
                {
                    seccomp.Harvest(uncompiled, record.Id);
                }

                return (run, pid);
            }
            catch (OperationCanceledException e) when (told)
            {
                control.Dispose();
                throw new StartLeftToNextDaemonException(e);
            }
            catch
            {
                // A shim that was not told to start ends with this connection, and one that failed ends by itself.
                control.Dispose();
                ChildProcess.Wait(shimPid);
                throw;
            }
        }
        catch (Exception e) when (e is not StartLeftToNextDaemonException)
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
        _namespaces.Remove(id);
        if (!keepRoot)
        {
            rootfs.Unmount(id);
        }
    }

    /// <param name="users">The user namespace that a network made anew belongs to; empty: the host's.</param>
    public async Task<(NetworkSandbox? Sandbox, string Hostname)> AttachNetworkAsync(ContainerRecord record, string users, CancellationToken cancellation)
    {
        var mode = NetworkModeOf(record.HostConfig);
        if (mode == "host")
        {
            return (null, record.Config.Hostname == record.ShortId() ? options.NodeName : record.Config.Hostname!);
        }

        return (await network.AttachAsync(RequestOf(record) with { UserNamespace = users }, cancellation).ConfigureAwait(false), record.Config.Hostname!);
    }

    public NetworkRequest RequestOf(ContainerRecord record)
    {
        var (inside, host) = NetworkFiles.Upstream(WithDns(record));
        return new NetworkRequest(record.Id, record.Name, ContainerNetworks.Requests(record, find), PortRequests.Of(record.Config, record.HostConfig)) { NameServers = inside, HostNameServers = host };
    }

    /// <summary>Brings the files of a running container in line with its networks, without what it wrote there itself being lost.</summary>
    public void UpdateNetworkFiles(ContainerRecord record, NetworkSandbox? before, NetworkSandbox? after)
    {
        var hostname = record.Config.Hostname!;
        Change("hosts", HostsOf(record, before, hostname), HostsOf(record, after, hostname));
        var (old, now) = (NetworkFiles.ResolvConf(WithDns(record), before), NetworkFiles.ResolvConf(WithDns(record), after));
        var resolvConf = Path.Combine(store.Folder(record.Id), "resolv.conf");
        if (old != now && File.ReadAllText(resolvConf) == old)
        {
            File.WriteAllText(resolvConf, now);
        }

        void Change(string name, string from, string to)
        {
            var path = Path.Combine(store.Folder(record.Id), name);
            File.WriteAllText(path, NetworkFiles.Merge(File.ReadAllText(path), from, to)); // in place: the container has this very file mounted
        }
    }

    /// <summary>A container that <paramref name="record"/>'s is linked to has another address.</summary>
    public void UpdateLinks(ContainerRecord record, NetworkSandbox? sandbox)
    {
        var path = Path.Combine(store.Folder(record.Id), "hosts");
        var present = File.ReadAllText(path);
        var now = HostsOf(record, sandbox, record.Config.Hostname!);
        var aliases = ContainerLinks.Read(record.HostConfig.Links).Select(link => "\t" + link.Alias).ToList();
        var stale = present.Split('\n').Where(line => aliases.Exists(alias => line.EndsWith(alias, StringComparison.Ordinal) || line.Contains(alias + " ", StringComparison.Ordinal))).Except(now.Split('\n'));
        File.WriteAllText(path, NetworkFiles.Merge(present, string.Join('\n', stale), string.Join('\n', now.Split('\n').Except(present.Split('\n')))));
    }

    private Wire.HostConfig WithDns(ContainerRecord record) => NetworkFiles.WithDns(record.HostConfig, options.Defaults);

    private string HostsOf(ContainerRecord record, NetworkSandbox? sandbox, string hostname) =>
        NetworkFiles.Hosts(record, hostname, sandbox is null ? [] : sandbox.Endpoints, options.Defaults.HostGateways.Count > 0 ? options.Defaults.HostGateways : network.HostGateways, ContainerLinks.HostLines(Running(record)));

    /// <summary>The linked containers that run: one that has ended meanwhile has no line.</summary>
    private List<(Container, string)> Running(ContainerRecord record) => ContainerNetworks.Mode(record.HostConfig.NetworkMode) != "bridge" ? [] :
        [.. ContainerLinks.Read(record.HostConfig.Links).Select(link => (Target: Known(link.Target), link.Alias)).Where(link => link.Target is { State.IsRunning: true }).Select(link => (link.Target!, link.Alias))];

    private Container? Known(string name)
    {
        try
        {
            return find(name);
        }
        catch (EngineException)
        {
            return null; // removed since: then there is no line for it
        }
    }

    public static string NetworkModeOf(Wire.HostConfig host) => ContainerNetworks.Mode(host.NetworkMode);

    private System.Collections.Immutable.ImmutableArray<(string, string, bool)> WriteNetworkFiles(ContainerRecord record, NetworkSandbox? sandbox, string hostname)
    {
        var folder = store.Folder(record.Id);
        Write("hostname", hostname + "\n");
        Write("hosts", HostsOf(record, sandbox, hostname));
        Write("resolv.conf", NetworkFiles.ResolvConf(WithDns(record), sandbox));
        return FileMounts(record.Id);

        void Write(string name, string text)
        {
            var path = Path.Combine(folder, name);
            File.WriteAllText(path, text);
            File.SetUnixFileMode(path, ReadableByAll);
            FileOwner.Set(path, options.Ids.Root);
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

        SharedMemory.Mount(ShmFolder(record.Id), SpecWriter.ShmSize(record.HostConfig), StreamOwner(record) ?? (0, 0));
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

    private ShimOptions ShimOptionsOf(ContainerRecord record, string bundle, bool hasHooks)
    {
        var log = LogOptions.Merge(record.HostConfig.LogConfig, options.Defaults);
        var (maximumSize, maximumFiles) = LogOptions.Rotation(log);
        var runtime = options.Runtimes.Of(record.HostConfig.Runtime);
        var attributes = LogAttributes.Of(record, log);
        if (attributes is not null)
        {
            File.WriteAllBytes(Path.Combine(bundle, LogAttributesName), attributes);
        }

        return new ShimOptions
        {
            Bundle = bundle,
            Id = record.Id,
            Runtime = runtime.Path,
            RuntimeArguments = runtime.Arguments,
            RuntimeRoot = options.RuntimeStatePath,
            Tty = record.Config.Tty,
            Stdin = record.Config.OpenStdin,
            StdinOnce = record.Config.StdinOnce,
            Log = store.MadeLogFile(record.Id, log.Type!),
            LogMaximumSize = maximumSize,
            LogMaximumFiles = maximumFiles,
            LogCompressor = LogOptions.Compresses(log) ? Gzip : "",
            LogAttributes = attributes is null ? "" : LogAttributesName,
            ExitFile = store.ExitFile(record.Id),
            OomFile = cgroups.OomFile(specs.CgroupPath(record)),
            Cgroup = RuntimeCatalog.IsCrun(runtime.Path) && runtime.Arguments.Count == 0 && !hasHooks ? specs.CgroupPath(record) : "",
            StreamOwner = StreamOwner(record),
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
