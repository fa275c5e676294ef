using Swarm.Manager.Exec;
using Swarm.Rpc.Work;
using Swarm.Store;

namespace Swarm.Manager.Logs;

/// <summary>A manager's way to what its cluster's tasks do on their nodes.</summary>
public sealed class NodeTaskAccess(IObjectStore store, INodeWorkClient client, TimeProvider time)
{
    public TaskLogs Logs => new(store, client, time);

    public TaskExecs Execs => new(store, client);
}
