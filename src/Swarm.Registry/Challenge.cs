namespace Swarm.Registry;

/// <summary>A WWW-Authenticate header (RFC 9110, section 11.6.1).</summary>
internal sealed record Challenge(string Scheme, IReadOnlyDictionary<string, string> Parameters)
{
    public string this[string name] => Parameters.GetValueOrDefault(name, "");

    public static Challenge? Parse(string header)
    {
        var space = header.IndexOf(' ');
        if (space < 0)
        {
            return new Challenge(header.ToLowerInvariant(), new Dictionary<string, string>());
        }

        var parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var rest = header.AsSpan(space + 1);
        while (!(rest = rest.TrimStart(" ,")).IsEmpty)
        {
            var equals = rest.IndexOf('=');
            if (equals < 1)
            {
                return null;
            }

            var name = rest[..equals].Trim().ToString();
            rest = rest[(equals + 1)..].TrimStart();
            int end;
            if (rest.StartsWith("\""))
            {
                end = rest[1..].IndexOf('"');
                if (end < 0)
                {
                    return null;
                }

                parameters[name] = rest.Slice(1, end).ToString();
                rest = rest[(end + 2)..];
                continue;
            }

            end = rest.IndexOf(',');
            parameters[name] = (end < 0 ? rest : rest[..end]).Trim().ToString();
            rest = end < 0 ? default : rest[end..];
        }

        return new Challenge(header[..space].ToLowerInvariant(), parameters);
    }
}
