namespace Swarm.Manager.Control;

/// <summary>A name for a service whose user gave none: two words, as Docker does.</summary>
internal static class NameSuggestion
{
    private static readonly string[] Moods =
    [
        "amber", "bold", "brisk", "calm", "clever", "cosy", "crisp", "eager", "fair", "fleet", "gentle", "glad", "keen", "kind", "lively", "lucid",
        "merry", "mild", "neat", "nimble", "placid", "proud", "quick", "quiet", "ready", "serene", "sharp", "sound", "steady", "sunny", "swift", "warm",
    ];

    private static readonly string[] Animals =
    [
        "badger", "bee", "beetle", "bison", "crane", "dolphin", "dove", "eagle", "falcon", "finch", "fox", "gull", "hare", "heron", "ibis", "jay",
        "kestrel", "lark", "lynx", "marten", "mole", "otter", "owl", "plover", "raven", "robin", "seal", "stork", "swan", "tern", "wasp", "wren",
    ];

    internal static string Next(IdSource source) => $"{Moods[source.Next(Moods.Length)]}_{Animals[source.Next(Animals.Length)]}{source.Next(1000)}";
}
