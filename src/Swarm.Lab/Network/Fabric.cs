using System.Diagnostics;
using System.Net.NetworkInformation;
using Swarm.Lab.Processes;
using Swarm.Lab.State;
using Swarm.Linux;
using Swarm.Networking.Netlink;

namespace Swarm.Lab.Network;

/// <summary>
/// The lab's cables: a bridge in a namespace of its own, one pair of links from it to each node's namespace. Nothing of it touches the machine's
/// own network; a namespace that is dropped takes its links along.
/// </summary>
internal sealed class Fabric(LabHost host, string lab)
{
    public const string BridgeName = "fabric";
    public const string NodeLink = "eth0";
    private const int Mtu = 1500;

    public string FabricFile => NamespaceFile($"swarm-{lab}-fabric");

    public static string NamespaceFile(string name) => Path.Combine(MountTable.NamespaceFolder, name);

    /// <summary>Safe to repeat.</summary>
    public void Build(int index)
    {
        if (NetworkNamespace.IsNamespace(FabricFile))
        {
            return;
        }

        using var space = NetworkNamespace.Create(FabricFile);
        using var route = RouteSocket.In(space);
        route.SetUp("lo");
        route.AddBridge(BridgeName);
        route.AddAddress(BridgeName, AddressPlan.Fabric(index), AddressPlan.PrefixLength);
        route.SetUp(BridgeName);
    }

    /// <summary>A fresh namespace for a node, with its cable: what a machine has when it is switched on.</summary>
    public void Attach(LabRecord record, NodeRecord node)
    {
        var file = NamespaceFile(host.Paths(lab, node.Name).Namespace);
        Detach(node.Name);
        using var space = NetworkNamespace.Create(file);
        using var fabricSpace = NetworkNamespace.Open(FabricFile);
        using (var fabric = RouteSocket.In(fabricSpace))
        {
            var bridge = fabric.FindLink(BridgeName) ?? throw new LabException($"lab {lab} has lost its bridge: take it down and up again");
            var mac = new PhysicalAddress(AddressPlan.HardwareAddress(record.Index, node.Host));
            fabric.AddVeth(new VethPair(node.Name, bridge.Index, Mtu, NodeLink, mac), space);
            fabric.SetUp(node.Name);
        }

        using var inside = RouteSocket.In(space);
        inside.SetUp("lo");
        inside.AddAddress(NodeLink, AddressPlan.Node(record, node), AddressPlan.PrefixLength);
        inside.SetUp(NodeLink);
        ApplyRules(record, node.Name);
    }

    /// <summary>Takes the node's namespace and cable away. Safe to repeat.</summary>
    public void Detach(string node)
    {
        if (NetworkNamespace.IsNamespace(FabricFile))
        {
            // The namespace dies only with its last process, and its end of the cable with it; the name must be free at once.
            using var fabricSpace = NetworkNamespace.Open(FabricFile);
            using var fabric = RouteSocket.In(fabricSpace);
            fabric.TryDeleteLink(node);
        }

        NetworkNamespace.Delete(NamespaceFile(host.Paths(lab, node).Namespace));
    }

    public void Remove() => NetworkNamespace.Delete(FabricFile);

    /// <exception cref="LabException">nft refuses the rules.</exception>
    public void ApplyRules(LabRecord record, string node)
    {
        var rules = Partition.Rules(record, node);
        using var space = NetworkNamespace.Open(NamespaceFile(host.Paths(lab, node).Namespace));
        using var nft = space.Start(new ProcessStartInfo("nft", ["-f", "-"]) { RedirectStandardInput = true, RedirectStandardError = true });
        nft.StandardInput.Write(rules);
        nft.StandardInput.Close();
        var error = nft.StandardError.ReadToEnd();
        nft.WaitForExit();
        if (nft.ExitCode != 0)
        {
            throw new LabException($"nft cannot set the cuts of {node}: {error.Trim().ReplaceLineEndings(" ")}");
        }
    }
}
