using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Swarm.Linux;

/// <summary>
/// A handle on a network namespace (network_namespaces(7)). A namespace is a property of a thread, so whatever happens inside one happens on a
/// thread of its own, which ends with the action: no thread of the pool ever carries a foreign namespace.
/// </summary>
public sealed partial class NetworkNamespace : IDisposable
{
    private NetworkNamespace(SafeFileHandle handle, string path)
    {
        Handle = handle;
        Path = path;
    }

    /// <summary>An open file of the namespace: what setns(2) and IFLA_NET_NS_FD take. It keeps the namespace alive.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>The file that it was opened by.</summary>
    public string Path { get; }

    /// <summary>The namespace that this process is in.</summary>
    public static NetworkNamespace Current() => new(Native.OpenNamespace("/proc/thread-self/ns/net"), "/proc/self/ns/net");

    /// <summary>Opens a namespace by its file.</summary>
    /// <exception cref="IOException">There is none at <paramref name="path"/>.</exception>
    public static NetworkNamespace Open(string path) => IsNamespace(path)
        ? new(Native.OpenNamespace(path), path)
        : throw new IOException($"no network namespace at {path}");

    /// <summary>
    /// Makes a namespace with only a loopback link (down) and binds it to the file <paramref name="path"/>, which keeps it without a process.
    /// A file left by a crash before the bind is reused.
    /// </summary>
    /// <exception cref="IOException">It exists already, or the kernel refuses.</exception>
    public static NetworkNamespace Create(string path) => Create(path, static () => true).Namespace;

    /// <summary>Like <see cref="Create(string)"/>; <paramref name="inside"/> runs in the new namespace before anything else can see it.</summary>
    /// <inheritdoc cref="Create(string)"/>
    /// <param name="userNamespace">File of the user namespace that it is to belong to; empty: the one of this process.</param>
    public static (NetworkNamespace Namespace, T Result) Create<T>(string path, Func<T> inside, string userNamespace = "")
    {
        if (IsNamespace(path))
        {
            throw new IOException($"a network namespace exists already at {path}");
        }

        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        File.Create(path).Dispose();
        if (userNamespace.Length > 0)
        {
            return CreateIn(userNamespace, path, inside);
        }

        return OnOwnThread(() =>
        {
            Native.Unshare();
            var result = inside();
            try
            {
                Native.BindThreadNamespace(path);
                return (new NetworkNamespace(Native.OpenNamespace(path), path), result);
            }
            catch
            {
                (result as IDisposable)?.Dispose();
                throw;
            }
        });
    }

    private static (NetworkNamespace Namespace, T Result) CreateIn<T>(string userNamespace, string path, Func<T> inside)
    {
        using var holder = NamespaceHolder.Start("nsenter", "--user=" + userNamespace, "--", "unshare", "--net");
        var made = new NetworkNamespace(Native.OpenNamespace(holder.PathOf("net")), path);
        try
        {
            var result = made.Run(inside);
            try
            {
                MountNamespace.BindFile(holder.PathOf("net"), path);
                return (made, result);
            }
            catch
            {
                (result as IDisposable)?.Dispose();
                throw;
            }
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    /// <summary>Whether the file has a namespace bound to it.</summary>
    public static bool IsNamespace(string path) => File.Exists(path) && Native.IsNamespaceFile(path);

    /// <summary>
    /// Unbinds and deletes the file. The namespace, its links and addresses vanish when nobody else holds it. Safe to repeat.
    /// </summary>
    /// <returns>Whether there was something.</returns>
    public static bool Delete(string path)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        while (Native.IsNamespaceFile(path))
        {
            Native.Unmount(path);
        }

        File.Delete(path);
        return true;
    }

    /// <summary>
    /// Runs an action inside, on a thread of its own, and waits for it. What it opens (sockets, /proc/sys/net) belongs to the namespace and
    /// may be used outside afterwards; what it starts with <c>await</c> does not.
    /// </summary>
    public T Run<T>(Func<T> action) => OnOwnThread(() =>
    {
        Native.Enter(Handle);
        return action();
    });

    /// <inheritdoc cref="Run{T}"/>
    public void Run(Action action) => Run(() =>
    {
        action();
        return true;
    });

    /// <summary>
    /// Runs an action inside each of many namespaces, all on one thread: where a thread for each would cost more than what is done. One that is not there, or
    /// whose action fails, is told of and leaves the others.
    /// </summary>
    /// <param name="paths">Files of the namespaces.</param>
    public static void RunInEach(IEnumerable<string> paths, Action<string> action, Action<string, IOException> failed) => OnOwnThread(() =>
    {
        foreach (var path in paths)
        {
            try
            {
                using var ns = Open(path);
                Native.Enter(ns.Handle);
                action(path);
            }
            catch (IOException error)
            {
                failed(path, error);
            }
        }

        return true;
    });

    /// <summary>Starts a process inside: a child inherits the namespace of the thread that forks it.</summary>
    public Process Start(ProcessStartInfo info) =>
        Run(() => Process.Start(info) ?? throw new IOException($"{info.FileName} was not started"));

    public void Dispose() => Handle.Dispose();

    /// <summary>
    /// Threads that the runtime starts for itself once, on first use, inherit the namespace of whoever came first, and all pool threads that they
    /// start in turn: so they are started before any thread enters another namespace. One that came later would hold a container's namespace
    /// for ever, and open the daemon's own sockets in it.
    /// </summary>
    private static readonly Lazy<bool> RuntimeThreads = new(() =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Any, 0));
        var pending = socket.ReceiveAsync(new byte[1]); // starts the sockets' own thread, and by it a worker of the pool
        socket.Dispose();
        try
        {
            pending.Wait();
        }
        catch (AggregateException error) when (error.InnerException is SocketException)
        {
            // Nobody sends anything: the wait ends because the socket is closed.
        }

        using var timer = new Timer(_ => { }, null, Timeout.Infinite, Timeout.Infinite);
        using var signal = PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => { }); // the thread that also hears of children's ends
        return true;
    });

    private static T OnOwnThread<T>(Func<T> action)
    {
        _ = RuntimeThreads.Value;
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        const int stackBytes = 256 * 1024;
        var thread = new Thread(() =>
        {
            try
            {
                result = action();
            }
            catch (Exception error)
            {
                failure = ExceptionDispatchInfo.Capture(error);
            }
        }, stackBytes)
        {
            IsBackground = true,
            Name = "netns",
        };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }
}
