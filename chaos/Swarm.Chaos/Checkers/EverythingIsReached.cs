namespace Swarm.Chaos.Checkers;

/// <summary>Once all is quiet every service is reached from every node by every way, and every node's tables are the store's.</summary>
public sealed class EverythingIsReached : IChecker
{
    public const string Property = "everything reaches everything in the end";

    public Finding Check(Evidence evidence) => evidence.Networks?.Missing switch
    {
        null => Finding.Unknown(Property, "it could not be looked for"),
        { Count: 0 } => Finding.Held(Property, "and every node's tables are the store's"),
        var missing => Finding.Violated(Property, $"{missing.Count} ways lead nowhere, or elsewhere", missing),
    };
}
