using System.Buffers;
using System.Collections.Immutable;
using System.Reflection;
using MessagePack;
using Swarm.Model;
using Next = Swarm.Model.Tests.NextVersion;

namespace Swarm.Model.Tests;

/// <summary>A newer version's records (<see cref="NextVersion"/>) through this version's: read, changed, written back.</summary>
public sealed class MixedVersions
{
    private static readonly Next.Service Newer = new()
    {
        Id = "s1",
        Spec = new Next.ServiceSpec
        {
            Annotations = new Next.Annotations { Name = "web", Icon = [1, 2, 3] },
            Task = new Next.TaskSpec { Container = new Next.ContainerSpec { Image = "busybox", Checkpoint = new Next.Checkpoint { Every = TimeSpan.FromSeconds(3) } } },
            Mode = Next.ServiceMode.Daily,
            Networks = [new Next.NetworkAttachmentConfig { Target = "n1", Bandwidth = 100 }, new Next.NetworkAttachmentConfig { Target = "n2", Bandwidth = 200 }],
        },
        Owner = "alice",
        Budget = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create("cpu", 7L)]),
    };

    [Fact]
    public void What_an_older_version_does_not_know_survives_its_reading_and_writing()
    {
        var bytes = Codec.Serialize(Newer);

        Assert.Equal(bytes, Codec.Serialize(Codec.Deserialize<Service>(bytes)));
    }

    [Fact]
    public void What_an_older_version_does_not_know_survives_its_changes_at_every_depth()
    {
        var read = Codec.Deserialize<Service>(Codec.Serialize(Newer));
        var changed = read with { PendingDelete = true, Spec = read.Spec with { Replicas = 9, Task = read.Spec.Task with { Container = read.Spec.Task.Container with { Image = "nginx" } } } };
        var back = Codec.Deserialize<Next.Service>(Codec.Serialize(changed));

        Assert.True(back.PendingDelete);
        Assert.Equal(9ul, back.Spec.Replicas);
        Assert.Equal("nginx", back.Spec.Task.Container.Image);
        Assert.Equal("alice", back.Owner);
        Assert.Equal(7, back.Budget["cpu"]);
        Assert.Equal([1, 2, 3], back.Spec.Annotations.Icon);
        Assert.Equal(TimeSpan.FromSeconds(3), back.Spec.Task.Container.Checkpoint!.Every);
        Assert.Equal([100L, 200L], back.Spec.Networks.Select(network => network.Bandwidth));
    }

    [Fact]
    public void A_value_of_an_enum_that_an_older_version_does_not_know_survives()
    {
        var read = Codec.Deserialize<Service>(Codec.Serialize(Newer));

        Assert.False(Enum.IsDefined(read.Spec.Mode));
        Assert.Equal(Next.ServiceMode.Daily, Codec.Deserialize<Next.Service>(Codec.Serialize(read with { SpecVersion = 5 })).Spec.Mode);
    }

    [Fact]
    public void An_older_version_s_record_is_read_by_a_newer_one_with_the_defaults_of_what_it_lacks()
    {
        var back = Codec.Deserialize<Next.Service>(Codec.Serialize(new Service { Id = "s1" }));

        Assert.Equal("nobody", back.Owner);
        Assert.Null(back.Spec.Task.Container.Checkpoint);
    }

    [Fact]
    public void Records_that_differ_only_in_what_is_not_known_differ()
    {
        var one = Codec.Deserialize<Annotations>(Codec.Serialize(new Next.Annotations { Name = "web", Icon = [1] }));
        var other = Codec.Deserialize<Annotations>(Codec.Serialize(new Next.Annotations { Name = "web", Icon = [2] }));

        Assert.NotEqual(one, other with { Labels = one.Labels });
        Assert.Equal(one, Codec.Deserialize<Annotations>(Codec.Serialize(one)) with { Labels = one.Labels });
        Assert.False(Codec.Same(one, other));
    }

    [Fact]
    public void What_is_not_known_is_never_printed()
    {
        var secret = Codec.Deserialize<Annotations>(Codec.Serialize(new Next.Annotations { Name = "web", Icon = "hunter2"u8.ToArray() }));

        Assert.Contains("1 fields of a newer version", secret.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", secret.ToString(), StringComparison.Ordinal);
    }

    public static TheoryData<Type> Records => [.. typeof(Service).Assembly.GetTypes().Where(type => type.GetCustomAttribute<MessagePackObjectAttribute>() is not null)];

    /// <summary>Whatever record: three values that follow the last known key come back, and nothing else changes.</summary>
    [Theory]
    [MemberData(nameof(Records))]
    public void Every_record_keeps_what_follows_its_last_key(Type record) =>
        typeof(MixedVersions).GetMethod(nameof(Keeps), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(record).Invoke(null, null);

    private static void Keeps<T>() where T : new()
    {
        var known = Codec.Serialize(new T());
        var reader = new MessagePackReader(known);
        var count = reader.ReadArrayHeader();
        var newer = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(newer);
        writer.WriteArrayHeader(count + 3);
        writer.WriteRaw(known.AsSpan((int)reader.Consumed));
        writer.WriteNil();
        writer.WriteMapHeader(1);
        writer.Write("deep");
        writer.WriteArrayHeader(2);
        writer.Write(1L << 40);
        writer.Write("value");
        writer.Write(2.5);
        writer.Flush();

        Assert.Equal(newer.WrittenSpan.ToArray(), Codec.Serialize(Codec.Deserialize<T>(newer.WrittenMemory)));
    }
}
