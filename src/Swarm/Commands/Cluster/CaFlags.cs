using System.CommandLine;
using Swarm.Api.Wire;
using Swarm.Commands.Text;

namespace Swarm.Commands.Cluster;

/// <summary>The flags of docker's that say how certificates are issued.</summary>
internal static class CaFlags
{
    public static Option<string?> Expiry() => new("--cert-expiry") { Description = "How long node certificates live (at least 1h; default 2160h)", HelpName = "duration" };

    public static Option<string[]> External() => new("--external-ca")
    {
        Description = "An authority that signs certificates: protocol=cfssl,url=https://...[,cacert=FILE]; may be repeated",
        HelpName = "protocol=X,url=Y",
    };

    /// <summary>The settings with what the flags say; null if neither says anything.</summary>
    /// <exception cref="CommandException">A flag cannot be read.</exception>
    public static CAConfig? Apply(CAConfig? present, ParseResult parsed, Option<string?> expiry, Option<string[]> external)
    {
        var config = present;
        if (parsed.GetValue(expiry) is { } text)
        {
            var lifetime = HumanDuration.TryParse(text, out var read) ? read : throw new CommandException($"invalid argument \"{text}\" for --cert-expiry: no duration", isUsage: true);
            config = (config ?? new CAConfig()) with { NodeCertExpiry = lifetime.Ticks * TimeSpan.NanosecondsPerTick };
        }

        return parsed.GetValue(external) is { Length: > 0 } authorities ? (config ?? new CAConfig()) with { ExternalCAs = [.. authorities.Select(Read)] } : config;
    }

    private static ExternalCA Read(string text)
    {
        var authority = new ExternalCA();
        var options = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var field in text.Split(','))
        {
            if (field.Split('=', 2) is not [var key, var value])
            {
                throw new CommandException($"invalid field '{field}' must be a key=value pair", isUsage: true);
            }

            authority = key.ToLowerInvariant() switch
            {
                "protocol" when value.Equals("cfssl", StringComparison.OrdinalIgnoreCase) => authority with { Protocol = "cfssl" },
                "protocol" => throw new CommandException($"unrecognized external CA protocol {value}", isUsage: true),
                "url" => authority with { URL = value },
                "cacert" => authority with { CACert = File.ReadAllText(value) },
                _ => authority,
            };
            if (key.ToLowerInvariant() is not ("protocol" or "url" or "cacert"))
            {
                options[key] = value;
            }
        }

        return authority switch
        {
            { Protocol: null } => throw new CommandException("the external-ca option needs a protocol= parameter", isUsage: true),
            { URL: null } => throw new CommandException("the external-ca option needs a url= parameter", isUsage: true),
            _ => authority with { Options = options.Count > 0 ? options : null },
        };
    }
}
