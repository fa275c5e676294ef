using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;
using Swarm.Store.Replication;

namespace Swarm.Store.Tests;

/// <summary>For whom the leader's next batch waits.</summary>
public sealed class Crowds
{
    private static readonly TimeSpan Round = TimeSpan.FromMilliseconds(3);
    private readonly FakeTimeProvider _time = new();
    private readonly Channel<Queued> _queue = Queued.CreateQueue(16);
    private readonly Crowd _crowd = new();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void Few_wait_for_nobody(int callers)
    {
        _crowd.Saw(callers, Round);
        Come();
        Assert.True(_crowd.GatherAsync(_queue.Reader, _time).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_batch_waits_for_half_of_those_who_were_there_last_time()
    {
        _crowd.Saw(8, Round);
        Come();
        var gathers = _crowd.GatherAsync(_queue.Reader, _time).AsTask();
        Come();
        Come();
        Assert.False(gathers.IsCompleted);
        Come();
        await gathers.WaitAsync(TimeSpan.FromSeconds(40));
    }

    [Fact]
    public async Task And_no_longer_than_a_round_takes()
    {
        _crowd.Saw(8, Round);
        Come();
        var gathers = _crowd.GatherAsync(_queue.Reader, _time).AsTask();
        _time.Advance(Round - TimeSpan.FromTicks(1));
        Assert.False(gathers.IsCompleted);
        _time.Advance(TimeSpan.FromTicks(1));
        await gathers.WaitAsync(TimeSpan.FromSeconds(40));
    }

    [Fact]
    public async Task However_long_the_round_was()
    {
        _crowd.Saw(8, TimeSpan.FromMinutes(1));
        Come();
        var gathers = _crowd.GatherAsync(_queue.Reader, _time).AsTask();
        _time.Advance(Crowd.LongestPatience);
        await gathers.WaitAsync(TimeSpan.FromSeconds(40));
    }

    [Fact]
    public void A_crowd_that_has_gone_is_forgotten()
    {
        _crowd.Saw(64, Round);
        for (var i = 0; i < 64; i++)
        {
            _crowd.Saw(1, Round);
        }

        Come();
        Assert.True(_crowd.GatherAsync(_queue.Reader, _time).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task The_end_waits_for_nobody()
    {
        _crowd.Saw(8, Round);
        var gathers = _crowd.GatherAsync(_queue.Reader, _time).AsTask();
        _crowd.End();
        await gathers.WaitAsync(TimeSpan.FromSeconds(40));
        Assert.True(_crowd.GatherAsync(_queue.Reader, _time).IsCompletedSuccessfully);
    }

    private void Come()
    {
        var transaction = new LogTransaction();
        Assert.True(_queue.Writer.TryWrite(new Queued(transaction, TransactionOwner.Nobody, transaction.Size(), 1)));
        _crowd.Came(_queue.Reader.Count);
    }
}
