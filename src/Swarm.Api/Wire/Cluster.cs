namespace Swarm.Api.Wire;

public record ClusterInfo
{
    public string ID { get; init; } = "";
    public Version? Version { get; init; }
    public DateTime CreatedAt { get; init; }
    public DateTime UpdatedAt { get; init; }
    public Spec? Spec { get; init; }
    public TLSInfo? TLSInfo { get; init; }
    public bool RootRotationInProgress { get; init; }
    public IReadOnlyList<string>? DefaultAddrPool { get; init; }
    public uint SubnetSize { get; init; }
    public uint DataPathPort { get; init; }
}

/// <summary>What GET /swarm answers, to managers' clients only: it carries the tokens.</summary>
public sealed record ClusterInspect : ClusterInfo
{
    public JoinTokens? JoinTokens { get; init; }

    public override string ToString() => $"ClusterInspect {{ ID = {ID} }}";
}

public sealed record JoinTokens
{
    public string Worker { get; init; } = "";
    public string Manager { get; init; } = "";

    public override string ToString() => nameof(JoinTokens);
}

public sealed record Spec
{
    public string? Name { get; init; }
    public IReadOnlyDictionary<string, string?>? Labels { get; init; }
    public OrchestrationConfig? Orchestration { get; init; }
    public RaftConfig? Raft { get; init; }
    public DispatcherConfig? Dispatcher { get; init; }
    public CAConfig? CAConfig { get; init; }
    public TaskDefaults? TaskDefaults { get; init; }
    public EncryptionConfig? EncryptionConfig { get; init; }
}

public sealed record OrchestrationConfig
{
    public long? TaskHistoryRetentionLimit { get; init; }
}

public sealed record RaftConfig
{
    public ulong? SnapshotInterval { get; init; }
    public ulong? KeepOldSnapshots { get; init; }
    public ulong? LogEntriesForSlowFollowers { get; init; }
    public int? ElectionTick { get; init; }
    public int? HeartbeatTick { get; init; }
}

/// <summary>Nanoseconds.</summary>
public sealed record DispatcherConfig
{
    public long? HeartbeatPeriod { get; init; }
}

/// <summary>Durations in nanoseconds.</summary>
public sealed record CAConfig
{
    public long? NodeCertExpiry { get; init; }
    public IReadOnlyList<ExternalCA>? ExternalCAs { get; init; }
    public string? SigningCACert { get; init; }
    public string? SigningCAKey { get; init; }
    public ulong? ForceRotate { get; init; }

    public override string ToString() => nameof(CAConfig);
}

public sealed record ExternalCA
{
    /// <summary>cfssl, also if empty.</summary>
    public string? Protocol { get; init; }
    public string? URL { get; init; }
    public IReadOnlyDictionary<string, string?>? Options { get; init; }

    /// <summary>PEM.</summary>
    public string? CACert { get; init; }
}

public sealed record TaskDefaults
{
    public Driver? LogDriver { get; init; }
}

public sealed record EncryptionConfig
{
    public bool? AutoLockManagers { get; init; }
}

public sealed record InitRequest
{
    public string? ListenAddr { get; init; }
    public string? AdvertiseAddr { get; init; }
    public string? DataPathAddr { get; init; }
    public uint? DataPathPort { get; init; }
    public bool? ForceNewCluster { get; init; }
    public Spec? Spec { get; init; }
    public bool? AutoLockManagers { get; init; }
    public string? Availability { get; init; }
    public IReadOnlyList<string>? DefaultAddrPool { get; init; }
    public uint? SubnetSize { get; init; }
}

public sealed record JoinRequest
{
    public string? ListenAddr { get; init; }
    public string? AdvertiseAddr { get; init; }
    public string? DataPathAddr { get; init; }
    public IReadOnlyList<string>? RemoteAddrs { get; init; }
    public string? JoinToken { get; init; }
    public string? Availability { get; init; }

    public override string ToString() => nameof(JoinRequest);
}

public sealed record UnlockRequest
{
    public string? UnlockKey { get; init; }

    public override string ToString() => nameof(UnlockRequest);
}

public sealed record UnlockKeyResponse
{
    public string UnlockKey { get; init; } = "";

    public override string ToString() => nameof(UnlockKeyResponse);
}
