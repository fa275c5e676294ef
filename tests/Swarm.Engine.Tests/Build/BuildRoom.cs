using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Engine.Archives;
using Swarm.Engine.Build;
using Swarm.Engine.Containers.Wire;
using Swarm.Engine.Images;
using Swarm.Engine.Tests.Images;

namespace Swarm.Engine.Tests.Build;

/// <summary>A builder over real images and overlays; RUN is a chroot into the container's root.</summary>
internal sealed class BuildRoom : IDisposable, IBuildContainers
{
    private readonly HttpClient _http = new();
    private readonly List<TarEntry> _entries = [];
    private readonly List<byte[]> _contents = [];

    private BuildRoom(ImageRoom images) => Images = images;

    public ImageRoom Images { get; }

    public StringBuilder Said { get; } = new();

    /// <summary>Commands that ran, as the cache left them.</summary>
    public List<string> Ran { get; } = [];

    /// <summary>Containers that are not removed yet.</summary>
    public HashSet<string> Left { get; } = [];

    public static async Task<BuildRoom> OpenAsync()
    {
        var room = new BuildRoom(await ImageRoom.OpenAsync());
        await room.Images.LoadBusyboxAsync();
        return room;
    }

    public ImageBuilder Builder() => new(Images.Local, this, Images.Folder["build"], _http, NullLogger<ImageBuilder>.Instance);

    public BuildRoom File(string name, string content, int mode = 0x1A4, long time = 0)
    {
        Put(new TarEntry { Type = TarEntryType.File, Name = Encoding.UTF8.GetBytes(name), Mode = mode, Modified = new TarTime(time) }, Encoding.UTF8.GetBytes(content));
        return this;
    }

    public BuildRoom Link(string name, string target)
    {
        Put(new TarEntry { Type = TarEntryType.SymbolicLink, Name = Encoding.UTF8.GetBytes(name), LinkName = Encoding.UTF8.GetBytes(target), Mode = 0x1FF }, []);
        return this;
    }

    public void Forget()
    {
        _entries.Clear();
        _contents.Clear();
        Said.Clear();
        Ran.Clear();
    }

    public async Task<Image> BuildAsync(string dockerfile, BuildOptions? options = null)
    {
        using var context = new MemoryStream();
        var writer = new TarWriter(context);
        writer.Write(new TarEntry { Type = TarEntryType.File, Name = "Dockerfile"u8.ToArray(), Mode = 0x1A4 }, Encoding.UTF8.GetBytes(dockerfile));
        foreach (var (entry, content) in _entries.Zip(_contents))
        {
            writer.Write(entry, content);
        }

        writer.Finish();
        context.Position = 0;
        var id = await Builder().BuildAsync(
            options ?? new BuildOptions(),
            context,
            line =>
            {
                Said.Append(line.Text);
                return ValueTask.CompletedTask;
            },
            default);
        return Images.Images.Find(id)!;
    }

    public Task<EngineException> RefusedAsync(string dockerfile, BuildOptions? options = null) =>
        Assert.ThrowsAsync<EngineException>(() => BuildAsync(dockerfile, options));

    /// <summary>What a shell in the image says.</summary>
    public string Ask(Image image, string script)
    {
        Images.Local.Rootfs.Create("c", image.DiffIds);
        try
        {
            var (status, text) = Chroot(Images.Local.Rootfs.Mount("c"), new ContainerCreateRequest { Cmd = ["/bin/sh", "-c", script] });
            Assert.True(status == 0, text);
            return text.TrimEnd();
        }
        finally
        {
            Images.Local.Rootfs.Remove("c");
        }
    }

    public Task<IBuildContainer> CreateAsync(ContainerCreateRequest request, CancellationToken cancellation)
    {
        var id = Guid.NewGuid().ToString("N");
        Images.Local.Rootfs.Create(id, Images.Images.Find(request.Image!)!.DiffIds);
        lock (Left)
        {
            Left.Add(id);
        }

        return Task.FromResult<IBuildContainer>(new Step(this, id, request));
    }

    public void Dispose()
    {
        foreach (var id in Left)
        {
            Images.Local.Rootfs.Remove(id);
        }

        _http.Dispose();
        Images.Dispose();
    }

    private static (int Status, string Text) Chroot(string root, ContainerCreateRequest request)
    {
        var start = new ProcessStartInfo("/usr/sbin/chroot") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        foreach (var entry in request.Env ?? ["PATH=/bin"])
        {
            start.Environment[entry.Split('=', 2)[0]] = entry.Split('=', 2)[1];
        }

        start.ArgumentList.Add(root);
        foreach (var word in request.Cmd!)
        {
            start.ArgumentList.Add(word);
        }

        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var text = process.StandardOutput.ReadToEnd() + error.Result;
        process.WaitForExit();
        return (process.ExitCode, text);
    }

    private void Put(TarEntry entry, byte[] content)
    {
        _entries.Add(entry);
        _contents.Add(content);
    }

    private sealed class Step(BuildRoom room, string id, ContainerCreateRequest request) : IBuildContainer
    {
        public string Id => id;

        public string Changes
        {
            get
            {
                room.Images.Local.Rootfs.Unmount(id);
                return room.Images.Local.Rootfs.UpperPath(id);
            }
        }

        public async Task<int> RunAsync(Func<bool, ReadOnlyMemory<byte>, ValueTask> output, CancellationToken cancellation)
        {
            lock (room.Ran)
            {
                room.Ran.Add(string.Join(' ', request.Cmd!));
            }

            var (status, text) = Chroot(room.Images.Local.Rootfs.Mount(id), request);
            await output(false, Encoding.UTF8.GetBytes(text));
            return status;
        }

        public void Dispose()
        {
        }

        public Task RemoveAsync()
        {
            room.Images.Local.Rootfs.Remove(id);
            lock (room.Left)
            {
                room.Left.Remove(id);
            }

            return Task.CompletedTask;
        }
    }
}
