namespace Swarm.Api.Client;

public sealed partial class EngineClient
{
    /// <summary>Does it answer at all?</summary>
    public Task PingAsync(CancellationToken cancellation) => TellAsync(HttpMethod.Get, "/_ping", null, cancellation);

    /// <summary>Answers the node's id.</summary>
    public Task<string> InitSwarmAsync(Wire.InitRequest request, CancellationToken cancellation) =>
        AskAsync(HttpMethod.Post, "/swarm/init", Json(request, Wire.SwarmJson.Default.InitRequest), Wire.SwarmJson.Default.String, cancellation);

    public Task JoinSwarmAsync(Wire.JoinRequest request, CancellationToken cancellation) =>
        TellAsync(HttpMethod.Post, "/swarm/join", Json(request, Wire.SwarmJson.Default.JoinRequest), cancellation);

    public Task LeaveSwarmAsync(bool force, CancellationToken cancellation) =>
        TellAsync(HttpMethod.Post, "/swarm/leave" + new QueryString().Add("force", force), null, cancellation);

    /// <param name="node">Who shall lead; empty: whoever is elected.</param>
    /// <returns>The id of the manager that leads now.</returns>
    public Task<string> TransferLeadershipAsync(string node, CancellationToken cancellation) =>
        AskAsync(HttpMethod.Post, "/swarm/leader" + new QueryString().Add("node", node), null, Wire.SwarmJson.Default.String, cancellation);

    /// <summary>Tells the engine where a manager of its cluster is now.</summary>
    public Task MeetPeerAsync(string address, CancellationToken cancellation) =>
        TellAsync(HttpMethod.Post, "/swarm/peers" + new QueryString().Add("addr", address), null, cancellation);

    /// <summary>With the join tokens: only a manager answers it.</summary>
    public Task<Wire.ClusterInspect> InspectSwarmAsync(CancellationToken cancellation) =>
        GetAsync("/swarm", Wire.SwarmJson.Default.ClusterInspect, cancellation);

    /// <param name="version">The version that <paramref name="spec"/> was made from; another one since: 500 "update out of sequence".</param>
    public Task UpdateSwarmAsync(
        ulong version, Wire.Spec spec, CancellationToken cancellation, bool rotateWorkerToken = false, bool rotateManagerToken = false, bool rotateManagerUnlockKey = false) =>
        TellAsync(
            HttpMethod.Post,
            "/swarm/update" + new QueryString().Add("version", version)
                .Add("rotateWorkerToken", rotateWorkerToken).Add("rotateManagerToken", rotateManagerToken).Add("rotateManagerUnlockKey", rotateManagerUnlockKey),
            Json(spec, Wire.SwarmJson.Default.Spec),
            cancellation);

    /// <summary>A manager's own replica and what it believes of the leadership; asks no other manager.</summary>
    /// <param name="digest">Also the digest of its store, which costs as much as a snapshot.</param>
    public Task<Wire.ConsensusState> ConsensusAsync(bool digest, CancellationToken cancellation) =>
        GetAsync("/swarm/consensus" + new QueryString().Add("digest", digest), Wire.SwarmJson.Default.ConsensusState, cancellation);

    /// <summary>SWMKEY-1-..., or empty while managers do not lock themselves.</summary>
    public async Task<string> UnlockKeyAsync(CancellationToken cancellation) =>
        (await GetAsync("/swarm/unlockkey", Wire.SwarmJson.Default.UnlockKeyResponse, cancellation)).UnlockKey;

    public Task UnlockSwarmAsync(string key, CancellationToken cancellation) =>
        TellAsync(HttpMethod.Post, "/swarm/unlock", Json(new Wire.UnlockRequest { UnlockKey = key }, Wire.SwarmJson.Default.UnlockRequest), cancellation);

    public Task<IReadOnlyList<Wire.Node>> NodesAsync(CancellationToken cancellation) =>
        GetAsync("/nodes", Wire.SwarmJson.Default.IReadOnlyListNode, cancellation);

    /// <param name="node">Id, or anything else that the engine finds one node by.</param>
    public Task<Wire.Node> NodeAsync(string node, CancellationToken cancellation) =>
        GetAsync("/nodes/" + Uri.EscapeDataString(node), Wire.SwarmJson.Default.Node, cancellation);

    public Task UpdateNodeAsync(string id, ulong version, Wire.NodeSpec spec, CancellationToken cancellation) =>
        TellAsync(
            HttpMethod.Post,
            $"/nodes/{Uri.EscapeDataString(id)}/update{new QueryString().Add("version", version)}",
            Json(spec, Wire.SwarmJson.Default.NodeSpec),
            cancellation);

    public Task RemoveNodeAsync(string node, bool force, CancellationToken cancellation) =>
        TellAsync(HttpMethod.Delete, $"/nodes/{Uri.EscapeDataString(node)}{new QueryString().Add("force", force)}", null, cancellation);
}
