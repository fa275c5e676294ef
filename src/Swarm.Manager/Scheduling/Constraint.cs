using System.Collections.Immutable;
using System.Net;
using Swarm.Model;

namespace Swarm.Manager.Scheduling;

/// <summary>A placement constraint: `key==value` or `key!=value`, compared without regard to case.</summary>
public sealed record Constraint(string Key, bool Equal, string Value)
{
    private const string NodeLabels = "node.labels.";
    private const string EngineLabels = "engine.labels.";

    private readonly string _key = Key.ToLowerInvariant();

    /// <summary>Parses all of <paramref name="expressions"/>, or answers null and Docker's words on the first that is wrong.</summary>
    public static ImmutableArray<Constraint>? Parse(ImmutableArray<string> expressions, out string? error)
    {
        var parsed = ImmutableArray.CreateBuilder<Constraint>(expressions.IsDefault ? 0 : expressions.Length);
        foreach (var expression in expressions.IsDefault ? [] : expressions)
        {
            error = ParseOne(expression, out var constraint);
            if (error is not null)
            {
                return null;
            }

            parsed.Add(constraint!);
        }

        error = null;
        return parsed.ToImmutable();
    }

    /// <summary>Whether <paramref name="node"/> may run a task with this constraint. A key that nobody knows admits no node.</summary>
    public bool IsSatisfiedBy(Node node) => _key switch
    {
        "node.id" => Matches(node.Id),
        "node.hostname" => Matches(node.Description.Hostname),
        "node.ip" => MatchesAddress(node.Status.Address),
        "node.role" => Matches(node.Role == NodeRole.Manager ? "manager" : "worker"),
        "node.platform.os" => Matches(node.Description.Platform.Os),
        "node.platform.arch" => MatchesArchitecture(node.Description.Platform.Architecture),
        var key when key.StartsWith(NodeLabels, StringComparison.Ordinal) =>
            Matches(node.Spec.Annotations.Labels.GetValueOrDefault(Key[NodeLabels.Length..], "")),
        var key when key.StartsWith(EngineLabels, StringComparison.Ordinal) =>
            Matches(node.Description.EngineLabels.GetValueOrDefault(Key[EngineLabels.Length..], "")),
        _ => false,
    };

    private static string? ParseOne(string expression, out Constraint? constraint)
    {
        constraint = null;
        var equal = expression.Contains("==", StringComparison.Ordinal);
        var at = expression.IndexOf(equal ? "==" : "!=", StringComparison.Ordinal);
        if (at < 0)
        {
            return "constraint expected one operator from ==, !=";
        }

        var key = expression[..at].Trim();
        if (key.Length < 2 || !(char.IsAsciiLetter(key[0]) || key[0] == '_') || !key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            return $"key '{key}' is invalid";
        }

        var value = expression[(at + 2)..].Trim();
        if (value.Length == 0 || !value.All(c => char.IsAsciiLetterOrDigit(c) || char.IsWhiteSpace(c) || @":-_.*()?+[]\^$|/".Contains(c)))
        {
            return $"value '{value}' is invalid";
        }

        constraint = new Constraint(key, equal, value);
        return null;
    }

    private bool Matches(string actual) => string.Equals(Value, actual, StringComparison.OrdinalIgnoreCase) == Equal;

    /// <summary>Both uname's and Go's names are in use.</summary>
    private bool MatchesArchitecture(string actual) =>
        string.Equals(PlatformNames.Architecture(Value), PlatformNames.Architecture(actual), StringComparison.Ordinal) == Equal;

    private bool MatchesAddress(string address)
    {
        if (!IPAddress.TryParse(address, out var actual))
        {
            return false;
        }

        if (IPAddress.TryParse(Value, out var single))
        {
            return single.Equals(actual) == Equal;
        }

        return IPNetwork.TryParse(Value, out var network) && network.Contains(actual) == Equal;
    }
}
