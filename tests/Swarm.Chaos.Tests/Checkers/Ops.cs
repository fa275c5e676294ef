using Swarm.Chaos.Checkers;
using Swarm.Chaos.Histories;

namespace Swarm.Chaos.Tests.Checkers;

/// <summary>Short spellings for hand-made histories. Times are milliseconds.</summary>
internal static class Ops
{
    public static Operation Read(string? value, int from, int to, ulong? version = null, string key = "x", int client = 1) => new()
    {
        Client = client, Kind = OperationKind.Read, Key = key, Node = "m1", Invoked = Ms(from), Completed = Ms(to), Outcome = Outcome.Ok, Value = value, Version = version,
    };

    public static Operation Cas(string? expected, string value, int from, int to, Outcome outcome = Outcome.Ok, string key = "x", int client = 1) => new()
    {
        Client = client, Kind = OperationKind.CompareAndSet, Key = key, Node = "m1", Invoked = Ms(from), Completed = Ms(to), Outcome = outcome, Expected = expected, Value = value,
    };

    public static Operation Create(string name, int from, int to, Outcome outcome = Outcome.Ok) => new()
    {
        Client = 1, Kind = OperationKind.Create, Key = name, Node = "m1", Invoked = Ms(from), Completed = Ms(to), Outcome = outcome,
        Id = outcome == Outcome.Ok ? "id-" + name : null, Error = outcome == Outcome.Ok ? null : "refused",
    };

    public static Operation List(int from, int to, params string[] names) => new()
    {
        Client = 2, Kind = OperationKind.List, Key = "", Node = "m2", Invoked = Ms(from), Completed = Ms(to), Outcome = Outcome.Ok, Listed = [.. names.Select(Listed)],
    };

    public static FinalList Final(string node, params string[] names) => new(node, [.. names.Select(Listed)]);

    public static ListedObject Listed(string name) => new(name, "id-" + name);

    public static Evidence Of(params Operation[] operations) => new() { Operations = operations };

    public static LeaderClaim Claim(long term, string leader) => new(term, leader, "m-" + leader, Ms(10), Ready: true);

    public static TimeSpan Ms(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
