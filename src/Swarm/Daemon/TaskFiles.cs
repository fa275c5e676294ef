using System.Globalization;
using Swarm.Agent;
using Swarm.Engine.Containers;
using Swarm.Engine.UserNamespaces;
using Swarm.Linux;
using Swarm.Model;
using Swarm.Model.Templates;

namespace Swarm.Daemon;

/// <summary>
/// The secrets and configs of each task as files: on a tmpfs of the task's own, which is there from before its container is made until nothing of it
/// runs, also while no daemon does. The kernel keeps it out of swap where it can (Linux 6.4).
/// </summary>
/// <param name="root">A folder of this alone, gone after a reboot or not.</param>
/// <param name="ids">Who the containers' users are on this host.</param>
internal sealed class TaskFiles(string root, IdMap ids)
{
    private const string SecretsFolder = "/run/secrets";

    /// <summary>Bytes that a file takes of the file system at least.</summary>
    private const int PageSize = 4096;

    /// <summary>What is left of tasks that have no container any more, or not yet: those that still need it get it again.</summary>
    internal void Sweep(IReadOnlySet<string> withContainer)
    {
        const UnixFileMode own = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(root, own);

        // The runtime mounts the files as the containers' root, who must be able to pass.
        File.SetUnixFileMode(root, ids.IsNone ? own : own | UnixFileMode.OtherExecute);
        foreach (var folder in Directory.GetDirectories(root).Where(folder => !withContainer.Contains(Path.GetFileName(folder))))
        {
            Remove(Path.GetFileName(folder));
        }
    }

    /// <summary>Makes the files anew, and says where the container has them.</summary>
    /// <exception cref="TemplateException">A value's template cannot be filled in.</exception>
    /// <exception cref="TaskRejectedException">An owner that is no number.</exception>
    internal IReadOnlyList<PrivateFile> Write(SwarmTask task, TaskSecrets values, TaskTemplate template)
    {
        var container = task.Spec.Container;
        List<(FileReference Reference, string Destination, byte[] Content)> files =
        [
            .. container.Secrets.Select(one => (one, Destination(SecretsFolder, one.TargetPath), template.ExpandPayload(values.Secrets[one.Id], values.Secrets, values.Configs))),
            .. container.Configs.Select(one => (one, Destination("/", one.TargetPath), template.ExpandPayload(values.Configs[one.Id], values.Secrets, values.Configs))),
        ];
        Remove(task.Id);
        if (files.Count == 0)
        {
            return [];
        }

        var folder = Folder(task.Id);
        Directory.CreateDirectory(folder);
        Mount(folder, files.Sum(file => (file.Content.Length / PageSize) + 1L) * PageSize, files.Count);
        return [.. files.Select((file, number) => new PrivateFile(file.Destination, Write(folder, number, file.Reference, file.Content)))];
    }

    /// <summary>Nothing of the task runs any more. Safe to repeat.</summary>
    internal void Remove(string taskId)
    {
        var folder = Folder(taskId);
        if (!Directory.Exists(folder))
        {
            return;
        }

        if (FileIdentity.Of(folder) is { } own && FileIdentity.Of(root) is { } parent && (own.DeviceMajor, own.DeviceMinor) != (parent.DeviceMajor, parent.DeviceMinor))
        {
            MountNamespace.DetachLazy(folder);
        }

        Directory.Delete(folder);
    }

    private string Folder(string taskId) => Path.Combine(root, taskId);

    private static string Destination(string folder, string target) => Path.GetFullPath(Path.Combine(folder, target));

    /// <param name="size">Bytes of all files.</param>
    private void Mount(string folder, long size, int files)
    {
        var options = string.Create(CultureInfo.InvariantCulture, $"mode=700,uid={ids.Root.Uid},gid={ids.Root.Gid},size={size + PageSize},nr_inodes={files + 1}");
        try
        {
            MountNamespace.MountNew("tmpfs", "task-files", folder, options + ",noswap");
        }
        catch (IOException e) when (e.HResult == LinuxError.Invalid)
        {
            // An older kernel refuses an option that it does not know.
            MountNamespace.MountNew("tmpfs", "task-files", folder, options);
        }
    }

    private string Write(string folder, int number, FileReference reference, byte[] content)
    {
        var path = Path.Combine(folder, number.ToString(CultureInfo.InvariantCulture));
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            BufferSize = 0,
        });
        file.Write(content);
        var (uid, gid) = OnHost(reference);
        FileOwner.Set(file.SafeFileHandle, uid, gid);
        File.SetUnixFileMode(file.SafeFileHandle, (UnixFileMode)(reference.Mode & 0xFFF));
        return path;
    }

    private (uint Uid, uint Gid) OnHost(FileReference reference)
    {
        try
        {
            return ids.ToHost(Number(reference, reference.Uid), Number(reference, reference.Gid));
        }
        catch (InvalidDataException e)
        {
            throw new TaskRejectedException($"{reference.Name}: {e.Message}");
        }
    }

    private static uint Number(FileReference reference, string owner) => uint.TryParse(owner, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
        ? id
        : throw new TaskRejectedException($"{reference.Name}: the owner \"{owner}\" of {reference.TargetPath} must be a number: uid and gid of secrets and configs are not looked up in the image");
}
