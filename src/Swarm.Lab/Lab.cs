using System.Net;
using Swarm.Api.Client;
using Swarm.Lab.Disks;
using Swarm.Lab.Network;
using Swarm.Lab.Nodes;
using Swarm.Lab.State;

namespace Swarm.Lab;

/// <summary>
/// A cluster of several nodes on this machine: each a daemon of its own in its own network namespace, with its own data, runtime state and cgroups.
/// Every method works from a fresh process: what is known stands in the lab's record and in the kernel. Root is needed.
/// </summary>
public sealed partial class Lab
{
    private readonly LabStore _store;
    private readonly Fabric _fabric;

    private Lab(LabHost host, string name)
    {
        Host = host;
        _store = new LabStore(host);
        _fabric = new Fabric(host, name);
        Name = name;
    }

    public string Name { get; }

    internal LabHost Host { get; }

    /// <summary>As it stands now on disk.</summary>
    public LabRecord Record => _store.Get(Name);

    /// <exception cref="LabException">There is no such lab.</exception>
    public static Lab Open(LabHost host, string name)
    {
        var lab = new Lab(host, LabName.Lab(name));
        _ = lab.Record;
        return lab;
    }

    public static IReadOnlyList<string> Names(LabHost host) => new LabStore(host).Names();

    public LabPaths Paths(string node) => Host.Paths(Name, Record.Node(node).Name);

    public IPAddress Address(string node)
    {
        var record = Record;
        return AddressPlan.Node(record, record.Node(node));
    }

    /// <summary>File of the network namespace that the cables meet in: who is in it is a neighbour of all nodes, and none of them.</summary>
    public string OutsideNamespace => _fabric.FabricFile;

    public EngineEndpoint Endpoint(string node) => EngineEndpoint.Parse(Paths(node).DockerHost);

    /// <summary>A client of one node's daemon, which works from outside the node's network.</summary>
    public EngineClient Connect(string node) => new(Endpoint(node));

    public NodeCondition Condition(string node)
    {
        var record = Record;
        return Machine(record, record.Node(node)).Condition;
    }

    public DiskState Disk(string node)
    {
        var record = Record;
        return Machine(record, record.Node(node)).DiskState;
    }

    public IReadOnlyList<NodeEndpoint> Endpoints()
    {
        var record = Record;
        return [.. record.Nodes.Select(n => new NodeEndpoint(
            n.Name, n.Role.ToString().ToLowerInvariant(), AddressPlan.Node(record, n).ToString(), Host.Paths(Name, n.Name).DockerHost))];
    }

    /// <summary>All living processes of a node: daemon, shims, containers.</summary>
    public IReadOnlyList<Processes.ProcessEntry> Processes(string node)
    {
        var record = Record;
        return Machine(record, record.Node(node)).Members();
    }

    /// <summary>Names of the nodes whose daemon runs, managers first.</summary>
    public IReadOnlyList<string> Running()
    {
        var record = Record;
        return [.. record.Nodes.OrderBy(n => n.Role).Where(n => Machine(record, n).Condition == NodeCondition.Running).Select(n => n.Name)];
    }

    private NodeMachine Machine(LabRecord record, NodeRecord node) => new(Host, record, node);

    /// <summary>Runs a change under the lab's lock, on the record as it then stands.</summary>
    private async Task<T> ChangeAsync<T>(Func<LabRecord, Task<T>> change, CancellationToken cancellation)
    {
        using var held = await LabLock.TakeAsync(Host, Name, cancellation);
        return await change(_store.Get(Name));
    }

    private Task ChangeAsync(Func<LabRecord, Task> change, CancellationToken cancellation) =>
        ChangeAsync(async record =>
        {
            await change(record);
            return true;
        }, cancellation);
}
