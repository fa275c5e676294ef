namespace Swarm.Linux;

/// <summary>User namespaces (user_namespaces(7)) that a file keeps without a process, as <see cref="NetworkNamespace"/> keeps networks.</summary>
public static class UserNamespace
{
    private const string Kind = "user";

    /// <summary>Makes a namespace with these ids and binds it to the file <paramref name="path"/>. A file left by a crash before the bind is reused.</summary>
    /// <param name="uidMap">Lines of uid_map: first id inside, first outside, count.</param>
    /// <param name="gidMap">As <paramref name="uidMap"/>.</param>
    /// <exception cref="IOException">The kernel refuses, or util-linux is not installed.</exception>
    public static void Create(string path, string uidMap, string gidMap)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.Create(path).Dispose();
        using var holder = NamespaceHolder.Start("unshare", "--user");
        File.WriteAllText($"/proc/{holder.Pid}/uid_map", uidMap);
        File.WriteAllText($"/proc/{holder.Pid}/gid_map", gidMap);
        MountNamespace.BindFile(holder.PathOf(Kind), path);
    }

    /// <summary>Unbinds and deletes the file; the namespace ends with its last process. Safe to repeat.</summary>
    public static void Delete(string path) => NetworkNamespace.Delete(path);
}
