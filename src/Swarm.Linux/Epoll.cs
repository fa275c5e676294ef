using System.Runtime.InteropServices;

namespace Swarm.Linux;

/// <summary>epoll(7), level-triggered, keyed by descriptor. One thread owns it.</summary>
public sealed unsafe partial class Epoll : IDisposable
{
    public const uint In = 0x1, Out = 0x4, Error = 0x8, HangUp = 0x10;
    private const int AddOperation = 1, DeleteOperation = 2, ModifyOperation = 3;
    private readonly Dictionary<int, uint> _watched = [];
    private readonly int _fd;

    public Epoll()
    {
        _fd = epoll_create1(FileDescriptors.CloseOnExec);
        if (_fd < 0)
        {
            throw LinuxError.Last("epoll_create1");
        }
    }

    /// <summary>From now on <paramref name="fd"/> is waited for with exactly these events; with none it is taken out, since a hang-up cannot be masked.</summary>
    /// <param name="fd">If it is negative, nothing is done.</param>
    public void Watch(int fd, uint events)
    {
        var watched = _watched.GetValueOrDefault(fd);
        if (fd < 0 || events == watched)
        {
            return;
        }

        if (events == 0)
        {
            Forget(fd);
            return;
        }

        Control(watched == 0 ? AddOperation : ModifyOperation, fd, events);
        _watched[fd] = events;
    }

    /// <summary>To be called before the descriptor is closed.</summary>
    public void Forget(int fd)
    {
        if (_watched.Remove(fd))
        {
            Event unused = default;
            _ = epoll_ctl(_fd, DeleteOperation, fd, &unused);
        }
    }

    /// <summary>Waits at most <paramref name="milliseconds"/> (-1: for ever) and answers how many of <paramref name="ready"/> are filled.</summary>
    public int Wait(Span<Event> ready, int milliseconds)
    {
        fixed (Event* events = ready)
        {
            var count = epoll_wait(_fd, events, ready.Length, milliseconds);
            return count >= 0 ? count
                : Marshal.GetLastPInvokeError() == LinuxError.Interrupted ? 0
                : throw LinuxError.Last("epoll_wait");
        }
    }

    public void Dispose() => FileDescriptors.Close(_fd);

    private void Control(int operation, int fd, uint events)
    {
        var entry = new Event { Events = events, Data = fd };
        if (epoll_ctl(_fd, operation, fd, &entry) != 0)
        {
            throw LinuxError.Last("epoll_ctl");
        }
    }

    /// <summary>struct epoll_event as x86-64 packs it; other architectures align <see cref="Data"/> and need another layout.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    public struct Event
    {
        public uint Events;
        public long Data;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int epoll, int operation, int fd, Event* entry);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_wait(int epoll, Event* events, int count, int timeout);
}
