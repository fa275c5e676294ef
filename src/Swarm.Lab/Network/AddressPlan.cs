using System.Net;
using Swarm.Lab.State;

namespace Swarm.Lab.Network;

/// <summary>
/// Addresses of a lab: 10.77.INDEX.0/24, the fabric at .1, nodes from .11 upward in the order they were made. They exist only inside the lab's
/// namespaces, so they cannot meet the machine's own.
/// </summary>
public static class AddressPlan
{
    public const int PrefixLength = 24;
    public const int FirstHost = 11;
    public const int LastHost = 250;

    /// <summary>Labs that can stand side by side.</summary>
    public const int MaxLabs = 255;

    public static IPAddress Fabric(int index) => Address(index, 1);

    public static IPAddress Node(LabRecord lab, NodeRecord node) => Address(lab.Index, node.Host);

    /// <summary>Locally administered and a function of the address, so that a node that comes back needs no new neighbour entries.</summary>
    public static byte[] HardwareAddress(int index, int host) => [0x02, 0x4c, 0x0a, 77, (byte)index, (byte)host];

    /// <summary>The lowest index that no lab has.</summary>
    /// <exception cref="LabException">All are taken.</exception>
    public static int FreeIndex(IEnumerable<int> taken)
    {
        var used = taken.ToHashSet();
        for (var index = 0; index < MaxLabs; index++)
        {
            if (!used.Contains(index))
            {
                return index;
            }
        }

        throw new LabException($"{MaxLabs} labs stand already: take one down with 'swarm lab down NAME'");
    }

    /// <summary>A host number that no node of the lab has; a removed node's number is used again last.</summary>
    /// <exception cref="LabException">The lab is full.</exception>
    public static int FreeHost(LabRecord lab)
    {
        var used = lab.Nodes.Select(n => n.Host).ToHashSet();
        var highest = used.DefaultIfEmpty(FirstHost - 1).Max();
        if (highest < LastHost)
        {
            return highest + 1;
        }

        for (var host = FirstHost; host <= LastHost; host++)
        {
            if (!used.Contains(host))
            {
                return host;
            }
        }

        throw new LabException($"lab {lab.Name} is full: it has {used.Count} nodes");
    }

    private static IPAddress Address(int index, int host) => new([10, 77, (byte)index, (byte)host]);
}
