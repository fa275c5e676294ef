namespace Swarm.EndToEnd.Hostile;

/// <param name="Path">{id} and {name} are filled in, mostly with what exists.</param>
/// <param name="Query">Names of its parameters.</param>
/// <param name="Body">A good JSON body, to be spoiled; null: none; "tar": bytes.</param>
/// <param name="MayWait">It is its nature to answer late: only that it lets go of a client that leaves is asked of it.</param>
internal sealed record HostileRoute(string Method, string Path, string[] Query, string? Body = null, bool MayWait = false);

/// <summary>
/// The operations of the API, from its description. Left out: leaving the swarm by force, after which half of them would answer the same. No
/// value names a device, a folder or a kernel setting of the host: these requests are meant to be obeyed when they are good.
/// </summary>
internal static class HostileRoutes
{
    public const string Archive = "tar";

    private const string Create =
        """
        {"Image":"busybox","Cmd":["sleep","1"],"Entrypoint":null,"Env":["A=b"],"Labels":{"a":"b"},"Hostname":"h","User":"0","WorkingDir":"/","Tty":false,"OpenStdin":true,
        "ExposedPorts":{"80/tcp":{}},"Volumes":{"/v":{}},"StopSignal":"TERM","StopTimeout":1,"Healthcheck":{"Test":["CMD","true"],"Interval":1000000000,"Retries":1},
        "HostConfig":{"NetworkMode":"none","Binds":["vol:/x:ro"],"Mounts":[{"Type":"volume","Source":"vol2","Target":"/y","VolumeOptions":{"Subpath":"a"}}],"Tmpfs":{"/t":"size=1m"},
        "PortBindings":{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"8080"}]},"RestartPolicy":{"Name":"no","MaximumRetryCount":0},"LogConfig":{"Type":"json-file","Config":{"max-size":"1m"}},
        "Memory":16777216,"MemorySwap":33554432,"NanoCpus":100000000,"CpuShares":2,"PidsLimit":10,"Ulimits":[{"Name":"nofile","Soft":10,"Hard":20}],"CapAdd":["NET_ADMIN"],"CapDrop":["ALL"],
        "SecurityOpt":["no-new-privileges"],"ExtraHosts":["a:127.0.0.1"],"Dns":["127.0.0.1"],"GroupAdd":["1"],"IpcMode":"private","PidMode":"","ShmSize":1048576,"OomScoreAdj":500,"Init":false,
        "ConsoleSize":[24,80],"AutoRemove":false,"VolumesFrom":[],"Links":[],"Runtime":"","UsernsMode":""},
        "NetworkingConfig":{"EndpointsConfig":{"none":{"Aliases":["x"],"IPAMConfig":{"IPv4Address":"127.0.0.2"},"MacAddress":"02:00:00:00:00:01"}}}}
        """;

    private const string Service =
        """
        {"Name":"web","Labels":{"a":"b"},"TaskTemplate":{"ContainerSpec":{"Image":"busybox","Command":["sleep"],"Args":["1"],"Env":["a=b"],"Mounts":[{"Type":"tmpfs","Target":"/t"}]},
        "Resources":{"Limits":{"NanoCPUs":100000000,"MemoryBytes":16777216},"Reservations":{}},"RestartPolicy":{"Condition":"none","Delay":1000000000,"MaxAttempts":1},
        "Placement":{"Constraints":["node.labels.nowhere==1"],"MaxReplicas":1},"Networks":[{"Target":"none"}]},"Mode":{"Replicated":{"Replicas":1}},
        "UpdateConfig":{"Parallelism":1,"Delay":0,"FailureAction":"pause","MaxFailureRatio":0.1,"Order":"stop-first"},"EndpointSpec":{"Mode":"dnsrr"}}
        """;

    public static readonly HostileRoute[] All =
    [
        new("GET", "/_ping", []), new("GET", "/version", []), new("GET", "/info", []), new("GET", "/system/df", ["type"]),
        new("POST", "/auth", [], """{"username":"u","password":"p","serveraddress":"127.0.0.1:1"}"""),
        new("GET", "/events", ["since", "until", "filters"], MayWait: true),
        new("GET", "/containers/json", ["all", "limit", "size", "filters"]),
        new("POST", "/containers/create", ["name", "platform"], Create), new("POST", "/containers/create", ["name", "platform"], Create),
        new("POST", "/containers/create", ["name", "platform"], Create), new("GET", "/containers/{id}/json", ["size"]),
        new("GET", "/containers/{id}/top", ["ps_args"]), new("GET", "/containers/{id}/logs", ["follow", "stdout", "stderr", "since", "until", "timestamps", "tail"], MayWait: true),
        new("GET", "/containers/{id}/changes", []), new("GET", "/containers/{id}/export", []), new("GET", "/containers/{id}/stats", ["stream", "one-shot"], MayWait: true),
        new("POST", "/containers/{id}/resize", ["h", "w"]), new("POST", "/containers/{id}/start", ["detachKeys"]), new("POST", "/containers/{id}/stop", ["t", "signal"], MayWait: true),
        new("POST", "/containers/{id}/restart", ["t", "signal"], MayWait: true), new("POST", "/containers/{id}/kill", ["signal"]),
        new("POST", "/containers/{id}/update", [], """{"Memory":20000000,"CpuShares":3,"PidsLimit":20,"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":1}}"""),
        new("POST", "/containers/{id}/rename", ["name"]), new("POST", "/containers/{id}/pause", []), new("POST", "/containers/{id}/unpause", []),
        new("POST", "/containers/{id}/attach", ["detachKeys", "logs", "stream", "stdin", "stdout", "stderr"], MayWait: true),
        new("GET", "/containers/{id}/attach/ws", ["detachKeys", "logs", "stream", "stdin", "stdout", "stderr"], MayWait: true),
        new("POST", "/containers/{id}/wait", ["condition"], MayWait: true), new("DELETE", "/containers/{id}", ["v", "force", "link"]),
        new("HEAD", "/containers/{id}/archive", ["path"]), new("GET", "/containers/{id}/archive", ["path"]),
        new("PUT", "/containers/{id}/archive", ["path", "noOverwriteDirNonDir", "copyUIDGID"], Archive), new("POST", "/containers/prune", ["filters"]),
        new("POST", "/containers/{id}/exec", [], """{"Cmd":["true"],"AttachStdin":true,"AttachStdout":true,"Tty":false,"Env":["a=b"],"User":"0","WorkingDir":"/","DetachKeys":"ctrl-p"}"""),
        new("POST", "/exec/{id}/start", [], """{"Detach":false,"Tty":false,"ConsoleSize":[1,2]}""", MayWait: true),
        new("POST", "/exec/{id}/resize", ["h", "w"]), new("GET", "/exec/{id}/json", []),
        new("GET", "/images/json", ["all", "filters", "digests", "shared-size", "manifests"]),
        new("POST", "/build", ["dockerfile", "t", "q", "nocache", "cachefrom", "pull", "rm", "memory", "buildargs", "labels", "networkmode", "target", "platform", "shmsize", "extrahosts", "version", "remote"], Archive),
        new("POST", "/build/prune", ["filters", "all", "keep-storage"]), new("POST", "/build/cancel", ["id"]),
        new("POST", "/images/create", ["fromImage", "fromSrc", "repo", "tag", "message", "changes", "platform"], Archive),
        new("GET", "/images/{name}/json", ["manifests"]), new("GET", "/images/{name}/history", []), new("POST", "/images/{name}/push", ["tag"]),
        new("POST", "/images/{name}/tag", ["repo", "tag"]), new("DELETE", "/images/{name}", ["force", "noprune"]), new("GET", "/images/search", ["term", "limit", "filters"]),
        new("POST", "/images/prune", ["filters"]), new("GET", "/images/{name}/get", []), new("GET", "/images/get", ["names"]), new("POST", "/images/load", ["quiet", "platform"], Archive),
        new("POST", "/commit", ["container", "repo", "tag", "comment", "author", "pause", "changes"], """{"Cmd":["x"],"Labels":{"a":"b"},"ExposedPorts":{"1/tcp":{}}}"""),
        new("GET", "/distribution/{name}/json", []),
        new("GET", "/volumes", ["filters"]), new("POST", "/volumes/create", [], """{"Name":"vol3","Driver":"local","DriverOpts":{},"Labels":{"a":"b"}}"""),
        new("GET", "/volumes/{name}", []), new("DELETE", "/volumes/{name}", ["force"]), new("PUT", "/volumes/{name}", ["version"], """{"Spec":{}}"""), new("POST", "/volumes/prune", ["filters"]),
        new("GET", "/networks", ["filters"]), new("GET", "/networks/{name}", ["verbose", "scope"]), new("DELETE", "/networks/{name}", []),
        new("POST", "/networks/create", [], """{"Name":"net","Driver":"bridge","Internal":true,"IPAM":{"Driver":"default","Config":[{"Subnet":"10.77.0.0/24","Gateway":"10.77.0.1"}]},"Options":{},"Labels":{}}"""),
        new("POST", "/networks/{name}/connect", [], """{"Container":"hostile-1","EndpointConfig":{"Aliases":["a"]}}"""),
        new("POST", "/networks/{name}/disconnect", [], """{"Container":"hostile-1","Force":true}"""), new("POST", "/networks/prune", ["filters"]),
        new("GET", "/swarm", []), new("POST", "/swarm/init", [], """{"ListenAddr":"127.0.0.1:2399","AdvertiseAddr":"127.0.0.1","ForceNewCluster":false,"Spec":{}}"""),
        new("POST", "/swarm/join", [], """{"ListenAddr":"127.0.0.1:2399","RemoteAddrs":["127.0.0.1:1"],"JoinToken":"SWMTKN-1-0-0"}"""), new("POST", "/swarm/leave", []),
        new("POST", "/swarm/update", ["version", "rotateWorkerToken"], """{"Name":"default","Orchestration":{"TaskHistoryRetentionLimit":5},"Raft":{"SnapshotInterval":10000}}"""),
        new("GET", "/swarm/unlockkey", []), new("POST", "/swarm/unlock", [], """{"UnlockKey":"SWMKEY-1-x"}"""), new("GET", "/swarm/consensus", ["digest"]),
        new("GET", "/nodes", ["filters"]), new("GET", "/nodes/{name}", []), new("DELETE", "/nodes/{name}", ["force"]),
        new("POST", "/nodes/{name}/update", ["version"], """{"Availability":"active","Role":"manager","Labels":{}}"""),
        new("GET", "/services", ["filters", "status"]), new("POST", "/services/create", [], Service), new("GET", "/services/{name}", ["insertDefaults"]), new("DELETE", "/services/{name}", []),
        new("POST", "/services/{name}/update", ["version", "registryAuthFrom", "rollback"], Service), new("GET", "/services/{name}/logs", ["stdout"], MayWait: true),
        new("GET", "/tasks", ["filters"]), new("GET", "/tasks/{name}", []), new("GET", "/tasks/{name}/logs", ["stdout"], MayWait: true),
        new("GET", "/secrets", ["filters"]), new("POST", "/secrets/create", [], """{"Name":"s","Data":"YQ==","Labels":{}}"""), new("GET", "/secrets/{name}", []), new("DELETE", "/secrets/{name}", []),
        new("GET", "/configs", ["filters"]), new("POST", "/configs/create", [], """{"Name":"c","Data":"YQ==","Labels":{}}"""), new("GET", "/configs/{name}", []), new("DELETE", "/configs/{name}", []),
        new("POST", "/configs/{name}/update", ["version"], """{"Name":"c","Labels":{"a":"b"}}"""),
        new("GET", "/plugins", ["filters"]), new("POST", "/plugins/pull", ["remote"], "[]"), new("POST", "/session", []), new("POST", "/grpc", []),
        new("GET", "/nowhere", []), new("PATCH", "/containers/json", []), new("OPTIONS", "/", []),
    ];
}
