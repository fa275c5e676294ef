using System.Runtime.InteropServices;
using System.Text;

namespace Swarm.Linux;

/// <summary>
/// A link whose packets are a file's (tun, Documentation/networking/tuntap.rst): what is routed to it is read, one IP packet a call, and what is written arrives
/// by it. It is in the network namespace of the thread that opens it, and goes when it is closed.
/// </summary>
public sealed unsafe partial class TunDevice : IDisposable
{
    public const string Path = "/dev/net/tun";
    private const nuint SetInterface = 0x400454ca; // TUNSETIFF
    private const short TunWithoutHeader = 0x0001 | 0x1000; // IFF_TUN | IFF_NO_PI
    private const int RequestBytes = 40, NameBytes = 16; // struct ifreq, netdevice(7)

    private TunDevice(int descriptor) => Descriptor = descriptor;

    /// <summary>Not blocking.</summary>
    public int Descriptor { get; private set; }

    /// <exception cref="IOException">There is no <see cref="Path"/>, or the kernel refuses.</exception>
    public static TunDevice Open(string name)
    {
        var device = new TunDevice(FileDescriptors.Open(Path, FileDescriptors.ReadWrite | FileDescriptors.NonBlocking));
        Span<byte> request = stackalloc byte[RequestBytes];
        request.Clear();
        Encoding.ASCII.GetBytes(name, request[..(NameBytes - 1)]);
        MemoryMarshal.Write(request[NameBytes..], TunWithoutHeader);
        fixed (byte* pointer = request)
        {
            if (ioctl(device.Descriptor, SetInterface, pointer) == 0)
            {
                return device;
            }
        }

        var error = LinuxError.Last($"make link {name} of {Path}");
        device.Dispose();
        throw error;
    }

    public void Dispose()
    {
        if (Descriptor >= 0)
        {
            FileDescriptors.Close(Descriptor);
            Descriptor = -1;
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int fd, nuint request, void* argument);
}
