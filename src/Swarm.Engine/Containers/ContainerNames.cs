using System.Text.RegularExpressions;

namespace Swarm.Engine.Containers;

/// <summary>Names of containers that got none: an adjective and a person of computing.</summary>
internal static partial class ContainerNames
{
    private static readonly string[] Adjectives =
    [
        "agile", "amber", "apt", "ardent", "balmy", "bold", "brave", "breezy", "bright", "brisk", "calm", "candid", "cheery", "civil", "clear",
        "clever", "cosmic", "crisp", "curious", "daring", "deft", "dewy", "eager", "earnest", "even", "fair", "fleet", "fluent", "fond", "frank",
        "fresh", "gallant", "gentle", "glad", "golden", "hardy", "hearty", "humble", "ideal", "jaunty", "jolly", "keen", "kind", "lively", "lucid",
        "lunar", "mellow", "merry", "mild", "neat", "nimble", "noble", "patient", "placid", "plucky", "polite", "proud", "quick", "quiet", "rapid",
        "ready", "robust", "rosy", "serene", "sharp", "silent", "sleek", "smart", "snug", "solar", "steady", "stout", "sturdy", "sunny", "swift",
        "tidy", "tranquil", "upbeat", "valiant", "vivid", "warm", "wise", "witty", "zesty",
    ];

    private static readonly string[] Surnames =
    [
        "aho", "allen", "babbage", "backus", "bartik", "berners", "boole", "brooks", "cerf", "chomsky", "church", "clarke", "codd", "conway", "cook",
        "cray", "dahl", "dijkstra", "diffie", "easley", "engelbart", "erlang", "estrin", "feinler", "floyd", "gosling", "goldberg", "gray", "hamilton",
        "hamming", "hellman", "hejlsberg", "hoare", "hollerith", "holberton", "hopper", "huffman", "iverson", "jacquard", "kahan", "karp", "kay",
        "kernighan", "kilburn", "knuth", "lamport", "lampson", "leibniz", "liskov", "lovelace", "mccarthy", "mcilroy", "meltzer", "merkle", "milner",
        "minsky", "moore", "naur", "neumann", "noyce", "nygaard", "pascal", "perlis", "perlman", "postel", "rabin", "ritchie", "rivest", "scott",
        "shannon", "simon", "stroustrup", "sutherland", "tanenbaum", "tarjan", "thompson", "turing", "valiant", "wilkes", "wirth", "yao", "zuse",
    ];

    public static string Generate(Random random, Func<string, bool> isTaken)
    {
        const int attempts = 8;
        var name = "";
        for (var i = 0; i < attempts; i++)
        {
            name = Adjectives[random.Next(Adjectives.Length)] + "_" + Surnames[random.Next(Surnames.Length)];
            if (!isTaken(name))
            {
                return name;
            }
        }

        return name + random.Next(10, 1_000_000).ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <exception cref="EngineException">400: characters that a name may not have.</exception>
    public static string Check(string given)
    {
        var name = given.StartsWith('/') ? given[1..] : given;
        return Pattern().IsMatch(name)
            ? name
            : throw EngineException.BadRequest($"Invalid container name ({given}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
    }

    [GeneratedRegex("^[a-zA-Z0-9][a-zA-Z0-9_.-]+$")]
    private static partial Regex Pattern();
}
