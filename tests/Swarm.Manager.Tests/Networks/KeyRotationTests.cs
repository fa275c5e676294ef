using System.Collections.Immutable;
using Microsoft.Extensions.Time.Testing;
using Swarm.Manager.Control;
using Swarm.Manager.Networks;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Tests.Networks;

public sealed class KeyRotationTests
{
    private readonly LoopDriver _cluster = new(new FakeTimeProvider(), new KeyRotationLoop());
    private readonly NetworkControl _control;

    public KeyRotationTests()
    {
        _control = new NetworkControl(_cluster.Store, new IdSource(new Random(7)), _cluster.Time);
        _cluster.Write(transaction => transaction.Create(new Cluster { Id = "cluster", NetworksMade = 1 }));
    }

    private NetworkKeys Keys => _cluster.View.Networks.FindByName("safe")!.Keys!;

    [Fact]
    public async Task An_encrypted_network_begins_with_its_key_and_the_next_and_others_have_none()
    {
        var made = await MakeAsync("safe", "encrypted");
        var plain = await MakeAsync("plain");
        Assert.Equal((1L, "1 2"), (made.Keys!.Current, Numbers()));
        Assert.All(made.Keys.All, key => Assert.Equal(32, key.Secret.Length));
        Assert.False(made.Keys.All[0].Secret.AsSpan().SequenceEqual(made.Keys.All[1].Secret));
        Assert.Null(plain.Keys);
    }

    [Fact]
    public async Task Every_twelve_hours_the_next_key_is_used_and_the_last_one_is_still_heard()
    {
        await MakeAsync("safe", "encrypted");
        var first = Keys;
        Pass(TimeSpan.FromHours(12) - TimeSpan.FromSeconds(1));
        Assert.Equal(1, Keys.Current);
        Pass(TimeSpan.FromSeconds(1));
        Assert.Equal((2L, "1 2 3"), (Keys.Current, Numbers()));
        Assert.Equal(first.All[1].Secret, Keys.All[1].Secret);
        Pass(TimeSpan.FromHours(12));
        Assert.Equal((3L, "2 3 4"), (Keys.Current, Numbers()));
        _cluster.ChangeLeader();
        Pass(TimeSpan.FromHours(12));
        Assert.Equal((4L, "3 4 5"), (Keys.Current, Numbers()));
    }

    [Fact]
    public async Task A_leader_that_was_ahead_of_time_does_not_hold_a_key_up()
    {
        await MakeAsync("safe", "encrypted");
        var network = _cluster.View.Networks.FindByName("safe")!;
        _cluster.Write(transaction => transaction.Update(network with { Keys = network.Keys! with { Since = _cluster.Time.GetUtcNow().AddDays(30) } }));
        _cluster.Settle();
        Assert.Equal((1L, _cluster.Time.GetUtcNow()), (Keys.Current, Keys.Since));
        Pass(TimeSpan.FromHours(12));
        Assert.Equal(2, Keys.Current);
    }

    [Fact]
    public async Task No_text_of_a_network_holds_a_key()
    {
        var made = await MakeAsync("safe", "encrypted");
        var table = new NetworkTable { Network = made, Keys = made.Keys };
        var text = $"{made} {table} {made.Keys} {made.Keys!.All[0]}";
        Assert.DoesNotContain(nameof(NetworkKey.Secret), text);
        Assert.DoesNotContain("Byte[]", text);
    }

    private string Numbers() => string.Join(' ', Keys.All.Select(key => key.Number));

    private void Pass(TimeSpan time)
    {
        _cluster.Settle();
        _cluster.Time.Advance(time);
        _cluster.Settle();
    }

    private Task<Network> MakeAsync(string name, params string[] options) => _control.CreateAsync(
        new Network
        {
            Annotations = new Annotations { Name = name },
            Driver = new DriverConfig { Name = "overlay", Options = options.ToImmutableSortedDictionary(option => option, _ => "", StringComparer.Ordinal) },
        },
        CancellationToken.None);
}
