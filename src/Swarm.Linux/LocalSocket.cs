using System.Runtime.InteropServices;
using System.Text;

namespace Swarm.Linux;

/// <summary>Stream sockets of unix(7) by descriptor, with SCM_RIGHTS: the shim has no managed sockets.</summary>
public static unsafe partial class LocalSocket
{
    private const int FamilyUnix = 1, Stream = 1, AddressSize = 110, PathOffset = 2, MaximumPath = 107;
    private const int DoNotWait = 0x40, NoSignal = 0x4000, CloseOnExecReceived = 0x40000000;

    /// <summary>Listens at a path of at most 107 bytes (relative ones count from the working directory), replacing what is there.</summary>
    public static int Listen(string path, int backlog)
    {
        var fd = socket(FamilyUnix, Stream | FileDescriptors.CloseOnExec | FileDescriptors.NonBlocking, 0);
        if (fd < 0)
        {
            throw LinuxError.Last("socket");
        }

        var address = stackalloc byte[AddressSize];
        new Span<byte>(address, AddressSize).Clear();
        *(ushort*)address = FamilyUnix;
        Encoding.UTF8.GetBytes(path, new Span<byte>(address + PathOffset, MaximumPath));
        FileDescriptors.Unlink(path);
        if (bind(fd, address, AddressSize) != 0 || listen(fd, backlog) != 0)
        {
            throw LinuxError.Last("listen on " + path);
        }

        return fd;
    }

    /// <summary>Two connected ends.</summary>
    public static (int First, int Second) Pair()
    {
        var ends = stackalloc int[2];
        if (socketpair(FamilyUnix, Stream | FileDescriptors.CloseOnExec, 0, ends) != 0)
        {
            throw LinuxError.Last("socketpair");
        }

        return (ends[0], ends[1]);
    }

    /// <summary>The next waiting connection, not blocking, or minus errno.</summary>
    public static int Accept(int listener)
    {
        var fd = accept4(listener, null, null, FileDescriptors.CloseOnExec | FileDescriptors.NonBlocking);
        return fd >= 0 ? fd : -Marshal.GetLastPInvokeError();
    }

    /// <summary>Sends without waiting: the bytes that the kernel took, or minus errno.</summary>
    public static int Send(int fd, ReadOnlySpan<byte> data)
    {
        fixed (byte* p = data)
        {
            var count = send(fd, p, data.Length, DoNotWait | NoSignal);
            return count >= 0 ? (int)count : -Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Bytes of memory that the other end has not read yet (SIOCOUTQ, tty_ioctl(2)); 0 also if that cannot be known.</summary>
    public static int Unread(int fd)
    {
        const uint outputQueue = 0x5411;
        var count = 0;
        return ioctl(fd, outputQueue, &count) == 0 ? count : 0;
    }

    /// <summary>Whether the other end is closed, and not only its sending half (POLLHUP, poll(2) and unix(7)).</summary>
    /// <exception cref="ObjectDisposedException">The socket is.</exception>
    public static bool IsHungUp(SafeHandle socket)
    {
        const ulong hangUp = 0x10UL << 48;
        var held = false;
        try
        {
            socket.DangerousAddRef(ref held);

            // struct pollfd: descriptor, wanted events (hang-ups come unasked), found events.
            var descriptor = (ulong)(uint)(int)socket.DangerousGetHandle();
            return poll(&descriptor, 1, 0) > 0 && (descriptor & hangUp) != 0;
        }
        finally
        {
            if (held)
            {
                socket.DangerousRelease();
            }
        }
    }

    /// <summary>Receives one message that carries one descriptor; minus errno, or -ENOENT (2) if none came with it.</summary>
    public static int ReceiveDescriptor(int fd)
    {
        const int controlSize = 64, controlHeader = 16;
        var control = stackalloc byte[controlSize];
        var payload = stackalloc byte[256];
        var vector = stackalloc nint[2];
        vector[0] = (nint)payload;
        vector[1] = 256;
        var message = new MessageHeader { Vectors = vector, VectorCount = 1, Control = control, ControlSize = controlSize };
        if (recvmsg(fd, &message, CloseOnExecReceived) < 0)
        {
            return -Marshal.GetLastPInvokeError();
        }

        return message.ControlSize >= controlHeader + sizeof(int) ? *(int*)(control + controlHeader) : -LinuxError.NoEntry;
    }

    /// <summary>struct msghdr of recvmsg(2).</summary>
    private struct MessageHeader
    {
        public void* Name;
        public uint NameSize;
        public nint* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlSize;
        public int Flags;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int fd, nuint request, int* value);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(ulong* descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socketpair(int family, int type, int protocol, int* ends);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int bind(int fd, byte* address, uint size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int listen(int fd, int backlog);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int accept4(int fd, void* address, void* size, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint send(int fd, byte* data, nint size, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recvmsg(int fd, MessageHeader* message, int flags);
}
