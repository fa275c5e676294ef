using System.Text;
using System.Text.Json;
using Swarm.Api.Wire;
using Swarm.Compose.Conversion;

namespace Swarm.Compose.Tests;

public sealed class ConversionTests : IDisposable
{
    private readonly Files _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void A_service_has_all_that_its_file_says()
    {
        _files.With("web.env", "A=file\nB=file\n").With("compose.yaml", """
            services:
              web:
                image: registry:5000/web:1
                entrypoint: /bin/sh -c "exec \"$$0\""
                command: ["serve", "--port=80"]
                env_file: web.env
                environment: {B: own, C: null, D: null}
                hostname: "{{.Task.Name}}"
                user: "1:2"
                working_dir: /srv
                stop_signal: SIGINT
                stop_grace_period: 1m30s
                init: true
                read_only: true
                tty: true
                cap_add: [NET_ADMIN]
                cap_drop: [ALL]
                group_add: ["7"]
                sysctls: [net.core.somaxconn=1024]
                ulimits: {nproc: 65535, nofile: {soft: 20, hard: 40}}
                dns: 1.1.1.1
                dns_search: [a.example]
                extra_hosts: ["db:10.0.0.1", "v6=::1"]
                privileged: true
                devices: ["/dev/kvm", "/dev/a:/dev/b:r"]
                labels: {own: "1"}
                logging: {driver: json-file, options: {max-size: 1m}}
                platform: linux/arm64
                healthcheck: {test: curl localhost, interval: 5s, timeout: 1s, start_period: 2s, start_interval: 500ms, retries: 4}
                security_opt: ["no-new-privileges:true", "seccomp=unconfined"]
                tmpfs: /run:size=64m,mode=755
                container_name: ignored
                build: .
                network_mode: none
                deploy:
                  mode: replicated
                  replicas: 3
                  labels: [team=a]
                  endpoint_mode: dnsrr
                  update_config: {delay: 1s, order: start-first, failure_action: rollback, monitor: 2s, max_failure_ratio: 0.5}
                  rollback_config: {parallelism: 0}
                  resources:
                    limits: {cpus: "0.5", memory: 64m, pids: 10}
                    reservations: {cpus: "0.25", memory: 32m, generic_resources: [{discrete_resource_spec: {kind: gpu, value: 2}}]}
                  restart_policy: {condition: on-failure, delay: 1s, max_attempts: 3, window: 10s}
                  placement: {constraints: [node.role==worker], preferences: [{spread: node.labels.zone}], max_replicas_per_node: 2}
            """);
        _files.Variables["C"] = "mine";
        var stack = _files.Convert();
        var spec = stack.Services.Single().Spec;
        var json = JsonSerializer.Serialize(spec, SwarmJson.Default.ServiceSpec);
        Assert.Equal(
            """{"Name":"shop_web","Labels":{"team":"a","com.docker.stack.namespace":"shop","com.docker.stack.image":"registry:5000/web:1"},"TaskTemplate":{"ContainerSpec":{"Image":"registry:5000/web:1","Labels":{"own":"1","swarm.privileged":"true","swarm.devices":"/dev/kvm,/dev/a:/dev/b:r","com.docker.stack.namespace":"shop"},"Command":["/bin/sh","-c","exec \u0022$0\u0022"],"Args":["serve","--port=80"],"Hostname":"{{.Task.Name}}","Env":["A=file","B=own","C=mine"],"Dir":"/srv","User":"1:2","Groups":["7"],"Privileges":{"Seccomp":{"Mode":"unconfined"},"NoNewPrivileges":true},"Init":true,"StopSignal":"SIGINT","TTY":true,"ReadOnly":true,"Mounts":[{"Type":"tmpfs","Target":"/run","TmpfsOptions":{"SizeBytes":67108864,"Mode":493}}],"StopGracePeriod":90000000000,"Healthcheck":{"Test":["CMD-SHELL","curl localhost"],"Interval":5000000000,"Timeout":1000000000,"StartPeriod":2000000000,"StartInterval":500000000,"Retries":4},"Hosts":["10.0.0.1 db","::1 v6"],"DNSConfig":{"Nameservers":["1.1.1.1"],"Search":["a.example"]},"Sysctls":{"net.core.somaxconn":"1024"},"CapabilityAdd":["NET_ADMIN"],"CapabilityDrop":["ALL"],"Ulimits":[{"Name":"nproc","Hard":65535,"Soft":65535},{"Name":"nofile","Hard":40,"Soft":20}]},"Resources":{"Limits":{"NanoCPUs":500000000,"MemoryBytes":67108864,"Pids":10},"Reservations":{"NanoCPUs":250000000,"MemoryBytes":33554432,"GenericResources":[{"DiscreteResourceSpec":{"Kind":"gpu","Value":2}}]}},"RestartPolicy":{"Condition":"on-failure","Delay":1000000000,"MaxAttempts":3,"Window":10000000000},"Placement":{"Constraints":["node.role==worker"],"Preferences":[{"Spread":{"SpreadDescriptor":"node.labels.zone"}}],"MaxReplicas":2,"Platforms":[{"Architecture":"arm64","OS":"linux"}]},"Networks":[{"Target":"none"}],"LogDriver":{"Name":"json-file","Options":{"max-size":"1m"}}},"Mode":{"Replicated":{"Replicas":3}},"UpdateConfig":{"Parallelism":1,"Delay":1000000000,"FailureAction":"rollback","Monitor":2000000000,"MaxFailureRatio":0.5,"Order":"start-first"},"RollbackConfig":{"Parallelism":0},"EndpointSpec":{"Mode":"dnsrr"}}""",
            json);
        Assert.Empty(stack.Networks);
        Assert.Equal(["services.web: ignoring build", "services.web: ignoring container_name"], stack.Remarks.Order());
    }

    [Fact]
    public void Ports_and_volumes_are_short_or_long()
    {
        _files.With("compose.yaml", """
            services:
              web:
                image: a
                ports: ["80", "8000-8001:9000-9001/udp", {target: 443, published: "8443", mode: host, name: tls}]
                volumes:
                  - /anonymous
                  - data:/data:ro,nocopy
                  - ./conf:/conf:rslave
                  - {type: volume, source: ext, target: /ext, volume: {subpath: a}}
                  - {type: bind, source: /host, target: /host, bind: {create_host_path: true, recursive: disabled}}
                  - {type: tmpfs, target: /tmp, tmpfs: {size: 1g, mode: 01777}}
                shm_size: 64m
            volumes:
              data: {driver: local, driver_opts: {type: tmpfs}, labels: [a=b]}
              ext: {external: true, name: elsewhere}
            """);
        var spec = _files.Convert().Services.Single().Spec;
        Assert.Equal(
            ["0->80/tcp ingress", "8000->9000/udp ingress", "8001->9001/udp ingress", "8443->443/tcp host"],
            spec.EndpointSpec!.Ports!.Select(port => $"{port.PublishedPort ?? 0}->{port.TargetPort}/{port.Protocol} {port.PublishMode}"));
        var mounts = spec.TaskTemplate!.ContainerSpec!.Mounts!;
        Assert.Equal(
            ["volume::/anonymous", "volume:shop_data:/data", $"bind:{_files.Root}/conf:/conf", "volume:elsewhere:/ext", "bind:/host:/host", "tmpfs::/tmp", "tmpfs::/dev/shm"],
            mounts.Select(mount => $"{mount.Type}:{mount.Source}:{mount.Target}"));
        Assert.True(mounts[1].ReadOnly);
        Assert.Equal(("local", "tmpfs", "b", "shop"), (mounts[1].VolumeOptions!.DriverConfig!.Name, mounts[1].VolumeOptions!.DriverConfig!.Options!["type"], mounts[1].VolumeOptions!.Labels!["a"], mounts[1].VolumeOptions!.Labels![StackLabels.Namespace]));
        Assert.True(mounts[1].VolumeOptions!.NoCopy);
        Assert.Equal("rslave", mounts[2].BindOptions!.Propagation);
        Assert.Equal(("a", null), (mounts[3].VolumeOptions!.Subpath, mounts[3].VolumeOptions!.DriverConfig));
        Assert.Equal((true, true), (mounts[4].BindOptions!.CreateMountpoint!.Value, mounts[4].BindOptions!.NonRecursive!.Value));
        Assert.Equal((1L << 30, 0x3FFu), (mounts[5].TmpfsOptions!.SizeBytes!.Value, mounts[5].TmpfsOptions!.Mode!.Value));
    }

    [Fact]
    public void Networks_are_those_that_services_use()
    {
        _files.With("compose.yaml", """
            services:
              web: {image: a, networks: {front: {aliases: [www]}, back: null, own: null}}
              db: {image: b, networks: [back]}
              other: {image: c}
            networks:
              front: {driver: overlay, attachable: true, driver_opts: {encrypted: ""}, ipam: {config: [{subnet: 10.9.0.0/24}]}, labels: {a: b}}
              back: {name: backbone, internal: true}
              own: {external: true}
              unused: {}
            """);
        var stack = _files.Convert();
        Assert.Equal(["front shop_front True", "back backbone True", "own own False", "default shop_default True"], stack.Networks.Select(network => $"{network.Key} {network.Name} {network.Request is not null}"));
        var front = stack.Networks[0].Request!;
        Assert.Equal(("overlay", true, "10.9.0.0/24", "shop", "b", ""), (front.Driver, front.Attachable, front.IPAM!.Config![0]!.Subnet, front.Labels![StackLabels.Namespace], front.Labels["a"], front.Options!["encrypted"]));
        Assert.True(stack.Networks[1].Request!.Internal);
        Assert.Equal("overlay", stack.Networks[3].Request!.Driver);
        Assert.Equal(
            ["shop_web shop_front www,web", "shop_web backbone web", "shop_web own web", "shop_db backbone db", "shop_other shop_default other"],
            stack.Services.SelectMany(service => service.Spec.TaskTemplate!.Networks!.Select(network => $"{service.Name} {network.Target} {string.Join(',', network.Aliases!)}")));
    }

    [Fact]
    public void Secrets_and_configs_come_from_files_variables_and_the_file_itself()
    {
        _files.Variables["TOKEN"] = "t0ken";
        _files.With("key.pem", "key").With("compose.yaml", """
            services:
              web:
                image: a
                secrets: [key, {source: token, target: /run/t, uid: "7", gid: "8", mode: 0440}]
                configs: [{source: site, mode: "0400"}]
            secrets:
              key: {file: ./key.pem}
              token: {environment: TOKEN, name: global-token}
              ext: {external: true}
            configs:
              site: {content: "host=${NAME:-none}", template_driver: golang}
            """);
        var stack = _files.Convert();
        Assert.Equal(["shop_key key", "global-token t0ken", "ext "], stack.Secrets.Select(file => $"{file.Name} {Encoding.UTF8.GetString(file.Content ?? [])}"));
        Assert.Equal(("shop_site", "host=none", "golang"), (stack.Configs[0].Name, Encoding.UTF8.GetString(stack.Configs[0].Content!), stack.Configs[0].Templating!.Name));
        var container = stack.Services[0].Spec.TaskTemplate!.ContainerSpec!;
        Assert.Equal(["key key 0 0 292", "token /run/t 7 8 288"], container.Secrets!.Select(one => $"{one.SecretName} {one.File!.Name} {one.File.UID} {one.File.GID} {one.File.Mode}"));
        Assert.Equal("site site 256", container.Configs!.Select(one => $"{one.ConfigName} {one.File!.Name} {one.File.Mode}").Single());
        Assert.DoesNotContain("t0ken", stack.Secrets[1].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Services_come_after_those_that_they_depend_on()
    {
        _files.With("compose.yaml", """
            services:
              web: {image: a, depends_on: {db: {condition: service_healthy}, migrate: {condition: service_completed_successfully}, cache: {condition: service_started, required: false}}}
              migrate: {image: b, depends_on: [db], deploy: {mode: replicated-job}}
              db: {image: c}
              cache: {image: d, profiles: [cache]}
            """);
        var services = _files.Convert().Services;
        Assert.Equal(["db", "migrate", "web"], services.Select(service => service.Key));
        Assert.Equal("shop_db:service_healthy,shop_migrate:service_completed_successfully,shop_cache:service_started:optional", services[2].Spec.Labels!["swarm.depends-on"]);
        Assert.Equal(1u, services[1].Spec.Mode!.ReplicatedJob!.TotalCompletions);
    }

    [Theory]
    [InlineData("restart: always", "any", null)]
    [InlineData("restart: unless-stopped", "any", null)]
    [InlineData("restart: \"no\"", "none", null)]
    [InlineData("restart: on-failure:4", "on-failure", 4)]
    public void Restart_is_a_policy_of_the_service(string line, string condition, int? attempts)
    {
        var policy = _files.Service(line).Spec.TaskTemplate!.RestartPolicy!;
        Assert.Equal((condition, (ulong?)attempts), (policy.Condition, policy.MaxAttempts));
    }

    [Theory]
    [InlineData("imagee: x", "compose.yaml:4: services.web.imagee: unknown key")]
    [InlineData("deploy: {resources: {limits: {cpu: 1}}}", "services.web.deploy.resources.limits.cpu: unknown key")]
    [InlineData("deploy: {replicas: many}", "services.web.deploy.replicas: a number, 0 or more is expected, not 'many'")]
    [InlineData("deploy: {mode: global, replicas: 2}", "replicas are not for global services")]
    [InlineData("deploy: {mode: global-job, update_config: {}}", "a job has neither update_config nor rollback_config")]
    [InlineData("deploy: {mode: all}", "'all' is not one of replicated, global, replicated-job, global-job")]
    [InlineData("ports: [\"127.0.0.1:80:80\"]", "services.web.ports[0].host_ip: a service is published on all addresses")]
    [InlineData("volumes: [\"data:/data\"]", "there is no volume 'data'")]
    [InlineData("networks: [back]", "there is no network 'back'")]
    [InlineData("secrets: [key]", "there is no secret 'key'")]
    [InlineData("depends_on: [db]", "services.web.depends_on.db: there is no such service")]
    [InlineData("depends_on: [web]", "depends_on goes in circles: web -> web")]
    [InlineData("pid: host", "services.web.pid: not possible in services")]
    [InlineData("healthcheck: {test: [curl]}", "it begins with NONE, CMD or CMD-SHELL")]
    [InlineData("stop_grace_period: soon", "a duration such as 10s or 1m30s is expected")]
    [InlineData("env_file: none.env", "none.env")]
    [InlineData("command: \"a 'b\"", "services.web.command: a quote is not closed")]
    [InlineData("devices: [vendor.com/class=gpu]", "is no device")]
    [InlineData("network_mode: \"service:db\"", "a service has networks, or one of the network modes")]
    public void What_is_wrong_is_refused_with_its_place(string line, string message) =>
        Assert.Contains(message, Files.Refusal(() => _files.Service(line)), StringComparison.Ordinal);

    [Fact]
    public void Without_an_image_there_is_nothing_to_run()
    {
        _files.With("compose.yaml", "services: {web: {build: .}}");
        Assert.Contains("an image is missing", Files.Refusal(() => _files.Convert()), StringComparison.Ordinal);
    }

    [Fact]
    public void Extensions_are_passed_over_everywhere() =>
        Assert.Equal("shop_web", _files.Service("x-own: {a: 1}\ndeploy: {x-own: 1, replicas: 2}").Name);
}
