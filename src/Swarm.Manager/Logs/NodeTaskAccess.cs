using Swarm.Manager.Exec;
using Swarm.Manager.Networks;
using Swarm.Rpc.Work;
using Swarm.Store;

namespace Swarm.Manager.Logs;

/// <summary>A manager's way to what its cluster's tasks do on their nodes, and to what the nodes make of its networks.</summary>
public sealed class NodeTaskAccess(IObjectStore store, INodeWorkClient client, TimeProvider time)
{
    public TaskLogs Logs => new(store, client, time);

    public TaskExecs Execs => new(store, client);

    public NetworkCheck Networks => new(store, client);
}
