using System.Threading.Channels;
using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Swarm.Model;
using Swarm.Rpc.Certificates;
using Swarm.Security;

namespace Swarm.Rpc.Tests;

public sealed class CertificateRenewalTests : IAsyncLifetime
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(10);
    private readonly TestCluster _cluster = new();
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private readonly Channel<DateTimeOffset> _asked = Channel.CreateUnbounded<DateTimeOffset>();
    private readonly CancellationTokenSource _stop = new();
    private NodeCredentials _credentials = null!;
    private NodeRole _recorded = NodeRole.Worker;
    private RpcFault? _failure;
    private RootCertificate? _root;
    private CertificateRenewal _renewal = null!;
    private Task _running = Task.CompletedTask;

    public Task InitializeAsync()
    {
        _credentials = _cluster.Node("w1", NodeRole.Worker, _time, Lifetime);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running.IsCompleted ? Task.FromCanceled(_stop.Token) : _running);
        _stop.Dispose();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public void A_certificate_is_due_between_half_and_four_fifths_of_its_life() => Gen.Double[0, 1].Select(Gen.Int[1, 100_000]).Sample((part, minutes) =>
    {
        var issued = DateTimeOffset.UnixEpoch;
        var life = TimeSpan.FromMinutes(minutes);
        var due = CertificateRenewal.DueAt(issued - RootCertificate.Backdate, issued + life, issued, part);
        Assert.InRange(due - issued, life * 0.5, life * 0.8);
    });

    [Fact]
    public void A_certificate_of_an_authority_that_does_not_backdate_is_due_within_its_life() => Gen.Double[0, 1].Select(Gen.Int[1, 100_000], Gen.Int[0, 100]).Sample((part, minutes, age) =>
    {
        var issued = DateTimeOffset.UnixEpoch;
        var life = TimeSpan.FromMinutes(minutes);
        var due = CertificateRenewal.DueAt(issued, issued + life, issued + (life * age / 100), part);
        Assert.InRange(due, issued + (life * 0.49), issued + life);
    });

    [Fact]
    public async Task A_certificate_of_another_root_is_fetched_at_once()
    {
        var first = _credentials.Current;
        Run();
        _renewal.RootWanted(_cluster.Root.Digest);
        using var next = RootCertificate.Create(_time);
        Assert.True(_credentials.TryTrust(_cluster.Root.Pem + next.Pem));
        _root = next;
        _renewal.RootWanted(next.Digest);
        var asked = await AdvanceWhileSilentAsync(CertificateRenewal.RootChangeSpread);
        Assert.InRange(asked - (first.NotBefore + RootCertificate.Backdate), TimeSpan.Zero, CertificateRenewal.RootChangeSpread * 3);
        await UntilAsync(() => _credentials.Current.Issuer?.Digest == next.Digest);
        Assert.True(_credentials.TryTrust(next.Pem));
    }

    [Fact]
    public async Task A_root_that_it_has_already_is_no_reason_to_ask()
    {
        var first = _credentials.Current;
        Run();
        _renewal.RootWanted(_cluster.Root.Digest);
        var asked = await AdvanceUntilAskedAsync(TimeSpan.FromMinutes(10));
        Assert.True(asked - first.NotBefore > Lifetime * 0.5);
    }

    [Fact]
    public async Task A_key_that_is_no_longer_good_enough_is_replaced_at_once_and_though_the_first_try_fails()
    {
        var first = _credentials.Current;
        _failure = new RpcFault(RpcStatus.Unavailable, "nobody answers");
        Run();
        _renewal.RenewSoon();
        await _asked.Reader.ReadAsync(_cluster.Token);
        _failure = null;
        await AdvanceUntilAskedAsync(TimeSpan.FromMilliseconds(50));
        await ReplacedAsync(first);
    }

    [Fact]
    public async Task A_certificate_is_renewed_by_four_fifths_of_its_life()
    {
        var first = _credentials.Current;
        Run();
        _time.Advance(Lifetime * 0.8);
        await _asked.Reader.ReadAsync(_cluster.Token);
        await ReplacedAsync(first);
        Assert.True(_credentials.Current.NotAfter > first.NotAfter);
    }

    [Fact]
    public async Task A_new_role_is_fetched_at_once()
    {
        var first = _credentials.Current;
        Run();
        _recorded = NodeRole.Manager;
        _renewal.RoleWanted(NodeRole.Manager);
        await _asked.Reader.ReadAsync(_cluster.Token);
        await ReplacedAsync(first);
        Assert.Equal(NodeRole.Manager, _credentials.Identity.Role);
    }

    [Fact]
    public async Task The_role_that_it_has_already_is_no_reason_to_ask()
    {
        var first = _credentials.Current;
        Run();
        _renewal.RoleWanted(NodeRole.Worker);
        var asked = await AdvanceUntilAskedAsync(TimeSpan.FromMinutes(10));
        Assert.True(asked - first.NotBefore > Lifetime * 0.5);
    }

    [Fact]
    public async Task A_manager_that_has_not_heard_of_the_new_role_is_asked_again()
    {
        Run();
        _renewal.RoleWanted(NodeRole.Manager);
        await _asked.Reader.ReadAsync(_cluster.Token);
        _recorded = NodeRole.Manager;
        await AdvanceUntilAskedAsync(TimeSpan.FromSeconds(1));
        await UntilAsync(() => _credentials.Identity.Role == NodeRole.Manager);
    }

    [Fact]
    public async Task A_failure_is_retried_until_it_works()
    {
        var first = _credentials.Current;
        _failure = new RpcFault(RpcStatus.Unavailable, "nobody answers");
        Run();
        await AdvanceUntilAskedAsync(TimeSpan.FromMinutes(10));
        await AdvanceUntilAskedAsync(TimeSpan.FromSeconds(1));
        Assert.Same(first, _credentials.Current);
        _failure = null;
        await AdvanceUntilAskedAsync(TimeSpan.FromSeconds(1));
        await ReplacedAsync(first);
    }

    private void Run(int seed = 1)
    {
        _renewal = new CertificateRenewal(_credentials, (request, _) =>
        {
            _asked.Writer.TryWrite(_time.GetUtcNow());
            if (_failure is { } failure)
            {
                throw failure;
            }

            return Task.FromResult(new IssuedCertificate { NodeId = "w1", Role = _recorded, Certificate = (_root ?? _cluster.Root).IssueNodeCertificate(request.Request, new NodeIdentity("w1", _recorded, "c1"), Lifetime, _time) });
        }, new Random(seed), _time, NullLogger<CertificateRenewal>.Instance);
        _running = _renewal.RunAsync(_stop.Token);
    }

    private async Task<DateTimeOffset> AdvanceUntilAskedAsync(TimeSpan step)
    {
        while (true)
        {
            if (_asked.Reader.TryRead(out var asked))
            {
                return asked;
            }

            _cluster.Token.ThrowIfCancellationRequested();
            _time.Advance(step);
            await Task.Yield();
        }
    }

    /// <summary>The renewal runs on threads of its own, which virtual time must not outrun: each step leaves it real time to ask.</summary>
    private async Task<DateTimeOffset> AdvanceWhileSilentAsync(TimeSpan step)
    {
        Task<bool>? asked = null;
        do
        {
            _time.Advance(step);
            asked ??= _asked.Reader.WaitToReadAsync(_cluster.Token).AsTask();
        }
        while (await Task.WhenAny(asked, Task.Delay(TimeSpan.FromSeconds(3), _cluster.Token)) != asked);
        await asked;
        return await _asked.Reader.ReadAsync(_cluster.Token);
    }

    private Task ReplacedAsync(NodeCertificate old) => UntilAsync(() => !ReferenceEquals(_credentials.Current, old));

    private async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            _cluster.Token.ThrowIfCancellationRequested();
            _time.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Yield();
        }
    }
}
