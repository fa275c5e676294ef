using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Swarm.Engine;
using Swarm.Manager.Certificates;
using Swarm.Model;
using static Swarm.Api.Wire.WireValues;

namespace Swarm.Api.Membership;

/// <summary>The cluster's record and its spec, between Docker's JSON and the model. What is 0 or absent is the default.</summary>
internal static class ClusterMapping
{
    private const string Cfssl = "cfssl";
    private const ulong DefaultLogEntries = 500;

    internal static ClusterSpec Read(Wire.Spec? spec)
    {
        var defaults = new ClusterSpec();
        if (spec is null)
        {
            return defaults;
        }

        return new ClusterSpec
        {
            Annotations = new Annotations { Name = spec.Name is null or "" ? "default" : spec.Name, Labels = Map(spec.Labels) },
            TaskHistoryRetentionLimit = spec.Orchestration?.TaskHistoryRetentionLimit ?? defaults.TaskHistoryRetentionLimit,
            HeartbeatPeriod = spec.Dispatcher?.HeartbeatPeriod is null or 0 ? defaults.HeartbeatPeriod : Duration(spec.Dispatcher.HeartbeatPeriod.Value),
            NodeCertExpiry = spec.CAConfig?.NodeCertExpiry is null or 0 ? defaults.NodeCertExpiry : Duration(spec.CAConfig.NodeCertExpiry.Value),
            AutoLockManagers = spec.EncryptionConfig?.AutoLockManagers ?? false,
            LogDriver = spec.TaskDefaults?.LogDriver is { } driver ? new DriverConfig { Name = driver.Name ?? "", Options = Map(driver.Options) } : null,
            SnapshotInterval = spec.Raft?.SnapshotInterval is null or 0 ? defaults.SnapshotInterval : spec.Raft.SnapshotInterval.Value,
            KeepOldSnapshots = spec.Raft?.KeepOldSnapshots ?? 0,
            LogEntriesForSlowFollowers = spec.Raft?.LogEntriesForSlowFollowers ?? 0,
            ElectionTick = spec.Raft?.ElectionTick is null or <= 0 ? defaults.ElectionTick : (uint)spec.Raft.ElectionTick.Value,
            HeartbeatTick = spec.Raft?.HeartbeatTick is null or <= 0 ? defaults.HeartbeatTick : (uint)spec.Raft.HeartbeatTick.Value,
            ForceRotate = spec.CAConfig?.ForceRotate ?? 0,
            ExternalCas = [.. (spec.CAConfig?.ExternalCAs ?? []).Select(External)],
        };
    }

    /// <summary>The root that an update brings. It is not kept in the spec, nor answered: as Docker's.</summary>
    internal static BroughtRoot Brought(Wire.Spec? spec) => new(spec?.CAConfig?.SigningCACert ?? "", spec?.CAConfig?.SigningCAKey ?? "");

    internal static Wire.ClusterInspect Inspect(Cluster cluster) => new()
    {
        ID = cluster.Id,
        Version = Version(cluster.Meta.Version),
        CreatedAt = cluster.Meta.CreatedAt.UtcDateTime,
        UpdatedAt = cluster.Meta.UpdatedAt.UtcDateTime,
        Spec = Write(cluster.Spec),
        TLSInfo = Tls(cluster.RootCa),
        RootRotationInProgress = cluster.RootCa.Rotation is not null,
        DefaultAddrPool = cluster.DefaultAddressPool,
        SubnetSize = (uint)cluster.SubnetSize,
        DataPathPort = (uint)cluster.DataPathPort,
        JoinTokens = new Wire.JoinTokens { Worker = cluster.RootCa.WorkerJoinToken, Manager = cluster.RootCa.ManagerJoinToken },
    };

    /// <summary>The cluster as `docker info` shows it: without tokens.</summary>
    internal static Wire.ClusterInfo Info(Cluster cluster)
    {
        var inspect = Inspect(cluster);
        return new Wire.ClusterInfo
        {
            ID = inspect.ID,
            Version = inspect.Version,
            CreatedAt = inspect.CreatedAt,
            UpdatedAt = inspect.UpdatedAt,
            Spec = inspect.Spec,
            TLSInfo = inspect.TLSInfo,
            RootRotationInProgress = inspect.RootRotationInProgress,
            DefaultAddrPool = inspect.DefaultAddrPool,
            SubnetSize = inspect.SubnetSize,
            DataPathPort = inspect.DataPathPort,
        };
    }

    internal static NodeAvailability Availability(string? text) => text?.ToLowerInvariant() switch
    {
        null or "" or "active" => NodeAvailability.Active,
        "pause" => NodeAvailability.Pause,
        "drain" => NodeAvailability.Drain,
        _ => throw EngineException.BadRequest($"invalid Availability: \"{text}\""),
    };

    private static Wire.Spec Write(ClusterSpec spec) => new()
    {
        Name = spec.Annotations.Name,
        Labels = Nullable(spec.Annotations.Labels),
        Orchestration = new Wire.OrchestrationConfig { TaskHistoryRetentionLimit = spec.TaskHistoryRetentionLimit },
        Raft = new Wire.RaftConfig
        {
            SnapshotInterval = spec.SnapshotInterval,
            KeepOldSnapshots = spec.KeepOldSnapshots,
            LogEntriesForSlowFollowers = spec.LogEntriesForSlowFollowers == 0 ? DefaultLogEntries : spec.LogEntriesForSlowFollowers,
            ElectionTick = (int)spec.ElectionTick,
            HeartbeatTick = (int)spec.HeartbeatTick,
        },
        Dispatcher = new Wire.DispatcherConfig { HeartbeatPeriod = Nanoseconds(spec.HeartbeatPeriod) },
        CAConfig = new Wire.CAConfig
        {
            NodeCertExpiry = Nanoseconds(spec.NodeCertExpiry),
            ExternalCAs = NullIfEmpty(spec.ExternalCas, one => new Wire.ExternalCA
            {
                Protocol = Cfssl,
                URL = one.Url,
                Options = NullIfEmpty(one.Options),
                CACert = NullIfEmpty(one.Certificate),
            }),
            ForceRotate = spec.ForceRotate == 0 ? null : spec.ForceRotate,
        },
        TaskDefaults = new Wire.TaskDefaults
        {
            LogDriver = spec.LogDriver is { } driver ? new Wire.Driver { Name = driver.Name, Options = NullIfEmpty(driver.Options) } : null,
        },
        EncryptionConfig = new Wire.EncryptionConfig { AutoLockManagers = spec.AutoLockManagers },
    };

    private static ExternalCa External(Wire.ExternalCA authority) => (authority.Protocol ?? "").ToLowerInvariant() is "" or Cfssl
        ? new ExternalCa { Url = authority.URL ?? "", Options = Map(authority.Options), Certificate = authority.CACert ?? "" }
        : throw EngineException.BadRequest($"invalid protocol: \"{authority.Protocol}\"");

    /// <summary>The root that is trusted, and the issuer that certificates shall have: while the root changes, already the new one.</summary>
    private static Wire.TLSInfo Tls(RootCa root)
    {
        if (root.Certificate.Length == 0)
        {
            return new Wire.TLSInfo();
        }

        using var certificate = X509Certificate2.CreateFromPem(ClusterRoots.Issuing(root));
        return new Wire.TLSInfo
        {
            TrustRoot = root.Certificate,
            CertIssuerSubject = certificate.SubjectName.RawData,
            CertIssuerPublicKey = certificate.PublicKey.ExportSubjectPublicKeyInfo(),
        };
    }
}
