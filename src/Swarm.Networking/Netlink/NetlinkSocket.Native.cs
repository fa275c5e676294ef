using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Swarm.Networking.Netlink.RouteConstants;

namespace Swarm.Networking.Netlink;

internal sealed unsafe partial class NetlinkSocket
{
    private static partial class Native
    {
        private const int MessageTruncated = 0x20; // MSG_TRUNC, recv(2): the true length, also when it did not fit

        public static SafeFileHandle Open(int protocol)
        {
            var handle = socket(AddressFamilyNetlink, SocketRawCloseOnExec, protocol);
            if (handle.IsInvalid)
            {
                throw new NetlinkException("open a netlink socket", Marshal.GetLastPInvokeError());
            }

            foreach (var option in (ReadOnlySpan<int>)[NetlinkCapAck, NetlinkExtAck, NetlinkGetStrictCheck])
            {
                var on = 1;
                if (setsockopt(handle, SolNetlink, option, &on, sizeof(int)) != 0)
                {
                    var errno = Marshal.GetLastPInvokeError();
                    handle.Dispose();
                    throw new NetlinkException($"set option {option} of a netlink socket", errno);
                }
            }

            return handle;
        }

        /// <summary>Without an address of its own, which bind gives it, a socket is passed over when the kernel tells of changes.</summary>
        public static void Join(SafeFileHandle handle, int group)
        {
            const int addressBytes = 12; // struct sockaddr_nl: family, two bytes of padding, port 0 (any), groups 0
            var address = stackalloc byte[addressBytes];
            new Span<byte>(address, addressBytes).Clear();
            address[0] = AddressFamilyNetlink;
            if (bind(handle, address, addressBytes) != 0)
            {
                throw new NetlinkException("bind a netlink socket", Marshal.GetLastPInvokeError());
            }

            if (setsockopt(handle, SolNetlink, NetlinkAddMembership, &group, sizeof(int)) != 0)
            {
                throw new NetlinkException($"subscribe to group {group} of a netlink socket", Marshal.GetLastPInvokeError());
            }
        }

        /// <summary>socket(7), SO_SNDBUFFORCE.</summary>
        public static void SetSendRoom(SafeFileHandle handle, int bytes)
        {
            const int solSocket = 1, sendBufferForce = 32;
            if (setsockopt(handle, solSocket, sendBufferForce, &bytes, sizeof(int)) != 0)
            {
                throw new NetlinkException("make room for a large batch", Marshal.GetLastPInvokeError());
            }
        }

        public static void Send(SafeFileHandle handle, ReadOnlySpan<byte> message, string what)
        {
            fixed (byte* bytes = message)
            {
                if (send(handle, bytes, message.Length, 0) != message.Length)
                {
                    throw new NetlinkException(what, Marshal.GetLastPInvokeError());
                }
            }
        }

        public static int Receive(SafeFileHandle handle, Span<byte> into, string what)
        {
            while (true)
            {
                fixed (byte* bytes = into)
                {
                    var count = recv(handle, bytes, into.Length, MessageTruncated);
                    if (count > into.Length)
                    {
                        throw new InvalidDataException($"{what}: netlink answer of {count} bytes, room for {into.Length}");
                    }

                    if (count >= 0)
                    {
                        return (int)count;
                    }
                }

                if (Marshal.GetLastPInvokeError() is var errno && errno != Interrupted)
                {
                    throw new NetlinkException(what, errno);
                }
            }
        }

        [LibraryImport("libc", SetLastError = true)]
        private static partial SafeFileHandle socket(int domain, int type, int protocol);

        [LibraryImport("libc", SetLastError = true)]
        private static partial int setsockopt(SafeFileHandle fd, int level, int option, void* value, uint length);

        [LibraryImport("libc", SetLastError = true)]
        private static partial int bind(SafeFileHandle fd, byte* address, uint length);

        [LibraryImport("libc", SetLastError = true)]
        private static partial nint send(SafeFileHandle fd, byte* buffer, nint length, int flags);

        [LibraryImport("libc", SetLastError = true)]
        private static partial nint recv(SafeFileHandle fd, byte* buffer, nint length, int flags);
    }
}
