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

    public static Socket Hold(string protocol, IPEndPoint endpoint)
    {
        var (type, kind) = protocol switch
        {
            "tcp" => (SocketType.Stream, ProtocolType.Tcp),
            "udp" => (SocketType.Dgram, ProtocolType.Udp),
            _ => throw new NetworkFault(NetworkFaultKind.Unsupported, $"publishing a {protocol} port: only tcp and udp ports can be published"),
        };
        var socket = new Socket(endpoint.AddressFamily, type, kind);
        try
        {
            DropAll(socket);
            socket.Bind(endpoint);
            if (type == SocketType.Stream)
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
