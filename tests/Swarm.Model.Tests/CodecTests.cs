using System.Collections.Immutable;
using MessagePack;
using Swarm.Model;

namespace Swarm.Model.Tests;

public sealed class CodecTests
{
    private static readonly SwarmTask Task = new()
    {
        Id = "t1",
        Meta = new Meta { Version = 7, CreatedAt = DateTimeOffset.UnixEpoch.AddTicks(3), UpdatedAt = DateTimeOffset.UnixEpoch.AddDays(1) },
        Slot = ulong.MaxValue,
        DesiredState = TaskState.Running,
        Spec = new TaskSpec
        {
            Container = new ContainerSpec
            {
                Image = "busybox",
                Env = ["A=1", "B="],
                Labels = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create("z", "1"), KeyValuePair.Create("a", "2")]),
                StopGracePeriod = TimeSpan.FromSeconds(10),
                Init = false,
                Mounts = [new Mount { Type = MountType.Tmpfs, Target = "/t", TmpfsSizeBytes = 5 }],
                Healthcheck = new Healthcheck { Test = ["NONE"], Retries = 3 },
            },
            Limits = new Resources { NanoCpus = -1, Generic = [new GenericResource { Kind = "gpu", Value = 2 }] },
        },
        Status = new TaskStatus { State = TaskState.Failed, Container = new ContainerStatus { ExitCode = 137 } },
    };

    [Fact]
    public void A_record_comes_back_as_it_was()
    {
        var back = Codec.Deserialize<SwarmTask>(Codec.Serialize(Task));

        Assert.Equal(Task.Meta, back.Meta);
        Assert.Equal(ulong.MaxValue, back.Slot);
        Assert.Equal(TaskState.Running, back.DesiredState);
        Assert.Equal(["A=1", "B="], back.Spec.Container.Env.ToArray());
        Assert.Equal(["a", "z"], back.Spec.Container.Labels.Keys);
        Assert.Equal(TimeSpan.FromSeconds(10), back.Spec.Container.StopGracePeriod);
        Assert.False(back.Spec.Container.Init);
        Assert.Equal(MountType.Tmpfs, back.Spec.Container.Mounts.Single().Type);
        Assert.Equal("gpu", back.Spec.Limits!.Generic.Single().Kind);
        Assert.Null(back.Spec.Reservations);
        Assert.Equal(137, back.Status.Container!.ExitCode);
        Assert.True(Codec.Same(Task, back));
    }

    // Guard: SharedValues' IsWrittenSo; without it a replica that holds the value writes other bytes than one that has read it anew.
    [Fact]
    public void What_is_written_does_not_depend_on_the_bytes_that_were_read()
    {
        var written = Codec.Serialize(Task with { Spec = Task.Spec with { Container = Task.Spec.Container with { Image = "odd" } } });
        var image = written.AsSpan().IndexOf("odd"u8) - 1;
        byte[] read = [.. written[..image], 0xd9, 3, .. written[(image + 1)..]]; // the string's length in a byte of its own

        Assert.Equal(written, Codec.Serialize(Codec.Deserialize<SwarmTask>(read)));
        Assert.Equal(written, Codec.Serialize(Codec.Deserialize<SwarmTask>(read)));
        Assert.Equal(written, Codec.Serialize(Codec.Deserialize<SwarmTask>(written)));
        Assert.False(Codec.IsWrittenAs(Codec.Deserialize<SwarmTask>(read), read));
        Assert.True(Codec.IsWrittenAs(Codec.Deserialize<SwarmTask>(written), written));
    }

    [Fact]
    public void Records_that_differ_deep_down_are_not_the_same() =>
        Assert.False(Codec.Same(Task, Task with { Spec = Task.Spec with { Container = Task.Spec.Container with { Env = ["A=1", "B=2"] } } }));

    [Fact]
    public void An_older_version_s_missing_keys_keep_their_default()
    {
        var older = MessagePackSerializer.Serialize(new object[] { "web" });

        Assert.Equal("web", Codec.Deserialize<Annotations>(older).Name);
        Assert.Empty(Codec.Deserialize<Annotations>(older).Labels);
        Assert.Equal(1ul, Codec.Deserialize<ServiceSpec>(MessagePackSerializer.Serialize(Array.Empty<object>())).Replicas);
    }

    [Fact]
    public void Records_read_from_bytes_share_what_is_equal_and_only_that()
    {
        var one = Codec.Deserialize<SwarmTask>(Codec.Serialize(Task with { Id = "one", ServiceId = "web" }));
        var two = Codec.Deserialize<SwarmTask>(Codec.Serialize(Task with { Id = "two", ServiceId = "web" }));
        var other = Codec.Deserialize<SwarmTask>(Codec.Serialize(Task with { ServiceId = "db", Spec = Task.Spec with { PidsLimit = 1 } }));

        Assert.Same(one.Spec, two.Spec);
        Assert.Same(one.ServiceId, two.ServiceId);
        Assert.NotSame(one.Spec, other.Spec);
        Assert.Equal(("db", 1), (other.ServiceId, other.Spec.PidsLimit));
    }

    [Fact]
    public void However_many_values_are_read_none_is_taken_for_another()
    {
        for (var i = 0; i < 20_000; i++)
        {
            var back = Codec.Deserialize<SwarmTask>(Codec.Serialize(new SwarmTask { ServiceId = $"s{i}", Spec = new TaskSpec { PidsLimit = i } }));
            Assert.Equal(($"s{i}", i), (back.ServiceId, back.Spec.PidsLimit));
        }
    }

    [Fact]
    public void Bytes_that_are_no_record_are_refused() =>
        Assert.Throws<MessagePackSerializationException>(() => Codec.Deserialize<SwarmTask>(new byte[] { 0xc1, 2, 3 }));

    [Fact]
    public void Ids_have_25_characters_of_base_36()
    {
        var id = Ids.New(new Random(1));

        Assert.Matches("^[0-9a-z]{25}$", id);
        Assert.Equal(id, Ids.New(new Random(1)));
        Assert.NotEqual(id, Ids.New(new Random(2)));
    }
}
