using System.Collections.Immutable;
using Swarm.Manager.Allocation;
using Swarm.Model;
using Swarm.Security;
using Swarm.Store;

namespace Swarm.Manager.Certificates;

/// <summary>What `swarm init` asks for.</summary>
/// <param name="Address">host:port at which other managers dial this one.</param>
public sealed record ClusterWishes(
    string Address, ClusterSpec Spec, NodeAvailability Availability, ImmutableArray<string> DefaultAddressPool, int SubnetSize, int DataPathPort);

/// <summary>A new cluster: its first node's credentials, and the records to commit once that node leads.</summary>
public sealed record FoundedCluster(NodeCredentials Credentials, Cluster Cluster, Node FirstManager)
{
    /// <summary>The records, and the network for published ports that a cluster begins with.</summary>
    public StoreTransaction Write(Random random)
    {
        var records = new StoreTransaction().Create(Cluster with { NetworksMade = 1 }).Create(FirstManager);
        return PoolPlan.Ingress(Ids.New(random), Cluster, StoreView.Empty) is { } ingress ? records.Create(ingress) : records;
    }
}

public static class ClusterFounding
{
    /// <summary>Makes root, join tokens and the first manager's certificate; the credentials are durable in <paramref name="folder"/> when it returns.</summary>
    /// <param name="random">For ids only; keys and tokens come from the system's cryptographic source.</param>
    /// <param name="seal">Seals the node's key in the folder; null: it lies in plain.</param>
    public static FoundedCluster Found(ClusterWishes wishes, NodeFolder folder, Random random, TimeProvider time, NodeLock? seal = null)
    {
        using var root = RootCertificate.Create(time);
        using var key = new NodeKey();
        var request = key.CreateRequest();
        var identity = new NodeIdentity(RootCertificate.NodeIdOf(request), NodeRole.Manager, Ids.New(random));
        var certificate = root.IssueNodeCertificate(request, identity, wishes.Spec.NodeCertExpiry, time);
        var cluster = new Cluster
        {
            Id = identity.ClusterId,
            Spec = wishes.Spec,
            DefaultAddressPool = wishes.DefaultAddressPool,
            SubnetSize = wishes.SubnetSize,
            DataPathPort = wishes.DataPathPort,
            RootCa = new RootCa
            {
                LastForcedRotation = wishes.Spec.ForceRotate, // the first root is as new as can be asked for
                Certificate = root.Pem,
                Key = root.ExportKeyPem(),
                Digest = root.Digest,
                WorkerJoinToken = JoinToken.Generate(root.Digest).Reveal(),
                ManagerJoinToken = JoinToken.Generate(root.Digest).Reveal(),
            },
            Lock = wishes.Spec.AutoLockManagers ? new ManagerLock { Key = UnlockKey.Generate().Reveal() } : null,
        };
        var node = new Node
        {
            Id = identity.NodeId,
            Role = NodeRole.Manager,
            Spec = new NodeSpec { Role = NodeRole.Manager, Availability = wishes.Availability },
            Manager = new ManagerStatus { Address = wishes.Address },
        };
        return new FoundedCluster(NodeCredentials.Install(folder, key, certificate, root.Pem, seal), cluster, node);
    }
}
