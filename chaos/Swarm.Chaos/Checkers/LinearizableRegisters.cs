using Swarm.Chaos.Histories;

namespace Swarm.Chaos.Checkers;

/// <summary>
/// Each register behaves as one that a single machine keeps: every read answers the value of the last write before it, every compare-and-set found what
/// it expected. Registers are judged one by one, which is the same as all together (Herlihy and Wing, 1990: linearizability is local).
/// </summary>
public sealed class LinearizableRegisters(SearchBound bound, TimeProvider time) : IChecker
{
    public const string Property = "registers are linearizable";

    /// <summary>The state of a register that nobody has created yet.</summary>
    private const string Absent = "";

    public Finding Check(Evidence evidence)
    {
        var registers = evidence.Operations.Where(IsRegister).GroupBy(o => o.Key).OrderBy(g => g.Key, StringComparer.Ordinal).ToList();
        var judged = 0;
        var violations = new List<string>();
        var undecided = new List<string>();
        foreach (var register in registers)
        {
            var operations = register.ToList();
            var calls = Calls(operations);
            judged += calls.Count;
            var result = new Linearizability<string, Operation>(Step, bound, time).Check(Absent, calls);
            if (result.Verdict == Verdict.Violated)
            {
                violations.Add($"{register.Key}: after {result.Placed} of {calls.Count(c => c.Returned is not null)} completed operations the register holds "
                    + $"'{result.State}', and no order explains: {result.Stuck!.Operation}");
                violations.AddRange(Neighbours(operations, result.Stuck.Operation));
            }
            else if (result.Verdict == Verdict.Unknown)
            {
                undecided.Add($"{register.Key}: {calls.Count} operations; the search ended at its bound of {bound.Steps} steps or {bound.Time.TotalSeconds:0} s");
            }
        }

        return violations.Count > 0 ? Finding.Violated(Property, $"a register answered what no single register could", violations)
            : undecided.Count > 0 ? Finding.Unknown(Property, "the search did not end", undecided)
            : judged == 0 ? Finding.Unknown(Property, "no register was read or written")
            : Finding.Held(Property, $"{judged} operations on {registers.Count} registers have an order");
    }

    private static bool IsRegister(Operation operation) => operation.Kind is OperationKind.Read or OperationKind.CompareAndSet;

    /// <summary>
    /// Certain failures say nothing, and neither does an unknown write whose value nobody ever saw: had it been done, it would have been the last.
    /// (Values are written once, so the value tells the write.)
    /// </summary>
    internal static List<Call<Operation>> Calls(IReadOnlyList<Operation> operations)
    {
        var seen = operations.Where(o => o.Kind == OperationKind.Read && o.Outcome == Outcome.Ok).Select(o => o.Value)
            .Concat(operations.Where(o => o.Kind == OperationKind.CompareAndSet && o.Outcome == Outcome.Ok).Select(o => o.Expected))
            .ToHashSet();
        bool grown;
        do
        {
            // An unknown write that was seen makes the one before it seen, too.
            grown = false;
            foreach (var write in operations.Where(o => o is { Kind: OperationKind.CompareAndSet, Outcome: Outcome.Unknown } && seen.Contains(o.Value)))
            {
                grown |= seen.Add(write.Expected);
            }
        }
        while (grown);

        return [.. operations.Where(o => o.Outcome == Outcome.Ok || (o is { Kind: OperationKind.CompareAndSet, Outcome: Outcome.Unknown } && seen.Contains(o.Value)))
            .Select(o => new Call<Operation>(o, o.Invoked, o.Outcome == Outcome.Ok ? o.Completed : null))];
    }

    /// <summary>A write that expects nothing creates the register.</summary>
    internal static bool Step(string state, Operation operation, out string next)
    {
        next = state;
        if (operation.Kind == OperationKind.Read)
        {
            return state == (operation.Value ?? Absent);
        }

        next = operation.Value!;
        return state == (operation.Expected ?? Absent);
    }

    private static IEnumerable<string> Neighbours(IReadOnlyList<Operation> operations, Operation stuck) =>
        operations.Where(o => o != stuck && o.Outcome != Outcome.Failed && (o.Value == stuck.Value || (o.Invoked <= stuck.Completed && o.Completed >= stuck.Invoked)))
            .Take(Finding.MaxDetails / 2).Select(o => "  beside it: " + o);
}
