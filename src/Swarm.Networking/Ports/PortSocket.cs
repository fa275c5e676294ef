using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Swarm.Networking.Ports;

/// <summary>
/// A socket that only occupies a port. A TCP one listens, for otherwise another process that sets SO_REUSEADDR (as nearly every server does)
/// could listen there as well; a filter (socket(7), SO_ATTACH_FILTER) drops whatever reaches it before the rules are in place.
/// </summary>
internal static unsafe class PortSocket
{
    private const int SolSocket = 1, AttachFilter = 26; // asm-generic/socket.h
    private const ushort ReturnConstant = 0x06; // BPF_RET | BPF_K, linux/bpf_common.h: return 0 bytes, which is to drop

    private const int Sctp = 132; // IPPROTO_SCTP, which .NET has no name for

    /// <exception cref="SocketException">The port is taken, the address is not the host's, or the kernel does not know the protocol.</exception>
    public static Socket Hold(string protocol, IPEndPoint endpoint)
    {
        var (type, kind) = protocol switch
        {
            "tcp" => (SocketType.Stream, ProtocolType.Tcp),
            "udp" => (SocketType.Dgram, ProtocolType.Udp),
            "sctp" => (SocketType.Stream, (ProtocolType)Sctp),
            _ => throw new NetworkFault(NetworkFaultKind.Invalid, $"publishing a {protocol} port: there are tcp, udp and sctp"),
        };
        var socket = new Socket(endpoint.AddressFamily, type, kind);
        try
        {
            if (endpoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = false;
            }

            // The whole of IPv6 is held without listening: ::1 is not led to the container and is to be refused there, not left to wait.
            var listens = type == SocketType.Stream && !endpoint.Address.Equals(IPAddress.IPv6Any);
            if (listens || type == SocketType.Dgram)
            {
                DropAll(socket);
            }

            socket.Bind(endpoint);
            if (listens)
            {
                socket.Listen(1);
            }

            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void DropAll(Socket socket)
    {
        var instruction = new Instruction { Code = ReturnConstant };
        var program = new Program { Length = 1, Instructions = &instruction };
        socket.SetRawSocketOption(SolSocket, AttachFilter, new ReadOnlySpan<byte>(&program, sizeof(Program)));
    }

    /// <summary>struct sock_filter, linux/filter.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Instruction
    {
        public ushort Code;
        public byte JumpTrue, JumpFalse;
        public uint Constant;
    }

    /// <summary>struct sock_fprog, linux/filter.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Program
    {
        public ushort Length;
        public Instruction* Instructions;
    }
}
