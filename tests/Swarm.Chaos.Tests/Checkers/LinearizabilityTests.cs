using CsCheck;
using Swarm.Chaos.Checkers;
using Swarm.Chaos.Histories;
using static Swarm.Chaos.Tests.Checkers.Ops;

namespace Swarm.Chaos.Tests.Checkers;

/// <summary>The search against one that tries every order.</summary>
public sealed class LinearizabilityTests
{
    private static readonly Gen<Operation> AnyOperation =
        from write in Gen.Bool
        from unknown in Gen.Bool
        from expected in Gen.Int[0, 2].Select(i => new string?[] { null, "a", "b" }[i])
        from value in Gen.Int[0, 2].Select(i => new[] { "a", "b", "c" }[i])
        from start in Gen.Int[0, 12]
        from length in Gen.Int[0, 6]
        select write ? Cas(expected, value, start, start + length, unknown ? Outcome.Unknown : Outcome.Ok) : Read(value, start, start + length);

    [Fact]
    public void The_search_agrees_with_trying_every_order() => AnyOperation.List[0, 6].Sample(
        operations =>
        {
            var calls = operations.Select(o => new Call<Operation>(o, o.Invoked, o.Outcome == Outcome.Ok ? o.Completed : null)).ToList();
            var found = new Linearizability<string, Operation>(LinearizableRegisters.Step, SearchBound.Default, TimeProvider.System).Check("", calls).Verdict;
            Assert.Equal(AnyOrder("", calls) ? Verdict.Held : Verdict.Violated, found);
        },
        iter: 20_000);

    [Fact]
    public void Dropping_what_says_nothing_changes_no_verdict() => AnyOperation.List[0, 6].Sample(
        operations =>
        {
            // The values of real histories are written once each.
            var once = operations.Where((o, i) => o.Kind == OperationKind.Read || operations.FindIndex(p => p.Kind != OperationKind.Read && p.Value == o.Value) == i).ToList();
            var all = once.Select(o => new Call<Operation>(o, o.Invoked, o.Outcome == Outcome.Ok ? o.Completed : null)).ToList();
            Assert.Equal(AnyOrder("", all), AnyOrder("", LinearizableRegisters.Calls(once)));
        },
        iter: 20_000);

    [Fact]
    public void Ten_thousand_operations_of_eight_clients_end_within_the_bound()
    {
        var operations = new List<Operation>();
        var random = new Random(1);
        var value = "0";
        operations.Add(Cas(null, value, 0, 0));
        for (var i = 1; i < 10_000; i++)
        {
            // Each takes effect at its own moment; the calls reach eight moments to each side, so some fifteen overlap.
            var (from, to) = (i * 10 - random.Next(80), i * 10 + random.Next(80));
            operations.Add(random.Next(2) == 0 ? Read(value, from, to) : Cas(value, value = $"{i}", from, to));
        }

        Assert.Equal(Verdict.Held, new LinearizableRegisters(SearchBound.Default, TimeProvider.System).Check(Of([.. operations])).Verdict);
    }

    private static bool AnyOrder(string state, List<Call<Operation>> left)
    {
        if (left.All(c => c.Returned is null))
        {
            return true;
        }

        var firstReturn = left.Min(c => c.Returned ?? TimeSpan.MaxValue);
        return left.Where(c => c.Invoked <= firstReturn)
            .Any(c => LinearizableRegisters.Step(state, c.Operation, out var next) && AnyOrder(next, [.. left.Where(o => !ReferenceEquals(o, c))]));
    }
}
