using Swarm.Rpc.Clients;

namespace Swarm.Rpc.Links;

/// <summary>Whom a link reaches, where, and what this node said of itself when it was opened.</summary>
internal readonly record struct LinkKey(string NodeId, string Address, PeerSelf Self);
