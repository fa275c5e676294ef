using System.Security.Cryptography;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Images;

namespace Swarm.Engine.Containers;

public sealed partial class ContainerEngine
{
    private const int IdBytes = 32;

    /// <summary>Makes a container, which is durable when this returns. A crash on the way leaves a half that the next start removes.</summary>
    /// <param name="name">Empty: a made-up one.</param>
    /// <exception cref="EngineException">404: no such image; 409: the name is taken; 400 and 501: what was asked for is wrong or not built.</exception>
    /// <param name="warnings">Gets what was asked for but has no effect on this machine.</param>
    /// <param name="platform">What the image has to be for; null: any.</param>
    /// <param name="privateFiles">See <see cref="ContainerRecord.PrivateFiles"/>; their sources must be there whenever the container is started.</param>
    public async Task<Container> CreateAsync(
        string name,
        ContainerCreateRequest request,
        CancellationToken cancellation,
        List<string>? warnings = null,
        ImagePlatform? platform = null,
        IReadOnlyList<PrivateFile>? privateFiles = null)
    {
        request = request.Filled();
        var asked = request.HostConfig ?? new HostConfig();
        HostConfigSupport.Check(request, asked);
        HostConfigSupport.CheckRemapped(asked, _options.Ids);
        var host = HostConfigDefaults.Apply(asked, _options, Cgroups, _index, warnings ?? []);
        NetworkFiles.CheckExtraHosts(host);
        LogOptions.Check(host.LogConfig!.Type!, host.LogConfig.Config);
        _options.Runtimes.Check(asked.Runtime);
        var reference = request.Image is { Length: > 0 } named ? named : throw EngineException.BadRequest("no command specified");
        var image = _images.Find(reference) ?? throw EngineException.NotFound($"No such image: {Familiar(reference)}");
        if (platform is not null && (platform.Os != image.Os || platform.Architecture != image.Architecture))
        {
            throw EngineException.NotFound($"image with reference {Familiar(reference)} was found but does not provide the specified platform ({platform})");
        }

        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));
        var (config, command) = ImageDefaults.Apply(request, image.Config, id[..12]);
        PortRequests.Of(config, host);
        ContainerLinks.Check(host, _index);
        var networks = ContainerNetworks.Of(request, host, _network);
        var mounts = MountResolution.Of(config, host, _options.DataRoot, OtherOf);
        name = name.Length > 0 ? ContainerNames.Check(name) : ContainerNames.Generate(_random, _index.IsTaken);
        _index.Reserve(name, id);
        try
        {
            var resolved = mounts.Select(NameVolume).ToList();
            var record = new ContainerRecord
            {
                Id = id,
                Name = name,
                Created = _time.GetUtcNow(),
                ImageId = image.Id,
                Config = config,
                HostConfig = host with { NetworkMode = ContainerStarter.NetworkModeOf(host) },
                NetworkingConfig = networks,
                Command = command,
                Mounts = [.. resolved.Select(m => m.Mount)],
                PrivateFiles = privateFiles ?? [],
            };
            await BuildAsync(record, image, resolved, cancellation).ConfigureAwait(false);
            var container = new Container(record, new ContainerState());
            _index.Add(container);
            Publish(container, "create");
            return container;
        }
        catch
        {
            _index.Release(name, id);
            throw;
        }
    }

    private async Task BuildAsync(ContainerRecord record, Image image, List<MountResolution.Resolved> mounts, CancellationToken cancellation)
    {
        try
        {
            _store.Begin(record);
            _rootfs.Create(record.Id, image.DiffIds);
            var volumes = mounts.Where(m => m.Create is not null).ToList();
            var mounted = volumes.Exists(v => v.CopyUp) ? _rootfs.Mount(record.Id) : "";
            foreach (var volume in volumes)
            {
                Volumes.Create(volume.Create!, volume.Mount.Anonymous);
                if (volume.CopyUp)
                {
                    VolumeMounts.Acquire(record.Id, [volume.Mount.Name]);
                    await _copyUp.FillAsync(mounted, volume.Mount.Destination, volume.Mount.Source, cancellation).ConfigureAwait(false);
                }
            }

            _store.Commit(record.Id);
        }
        catch
        {
            await DestroyAsync(record, removeVolumes: true, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
        finally
        {
            VolumeMounts.Release(record.Id);
        }
    }

    /// <summary>One whose volumes are wanted: that it is not there is the request's fault.</summary>
    private Container OtherOf(string name) => _index.TryGet(name) ?? throw EngineException.BadRequest($"No such container: {name}");

    /// <summary>Names an anonymous volume and says where its data is, so that the record is whole before anything is made.</summary>
    private MountResolution.Resolved NameVolume(MountResolution.Resolved resolved)
    {
        if (resolved.Create is null)
        {
            return resolved;
        }

        var name = resolved.Mount.Anonymous ? Swarm.Engine.Volumes.VolumeStore.AnonymousName() : resolved.Mount.Name;
        return resolved with
        {
            Mount = resolved.Mount with { Name = name, Source = Volumes.DataPath(name) },
            Create = resolved.Create with { Name = name },
        };
    }

    /// <summary>busybox is busybox:latest in Docker's refusals.</summary>
    private static string Familiar(string reference) =>
        reference.Contains('@', StringComparison.Ordinal) || reference.LastIndexOf(':') > reference.LastIndexOf('/') ? reference : reference + ":latest";
}
