using System.Globalization;
using Swarm.Api.Wire;
using Swarm.Commands.Text;

namespace Swarm.Commands.Services;

/// <summary>Docker's `--publish 8080:80/tcp`, or `published=8080,target=80,protocol=tcp,mode=host`.</summary>
internal static class PublishFlag
{
    public static PortConfig Parse(string text)
    {
        var port = new PortConfig { Protocol = "tcp", PublishMode = "ingress" };
        if (text.Contains('=', StringComparison.Ordinal))
        {
            foreach (var (key, value) in text.Split(',').Select(KeyValues.Parse))
            {
                port = key switch
                {
                    "target" => port with { TargetPort = Number(text, value) },
                    "published" => port with { PublishedPort = Number(text, value) },
                    "protocol" => port with { Protocol = value },
                    "mode" => port with { PublishMode = value },
                    _ => throw Invalid(text),
                };
            }

            return port.TargetPort is > 0 ? port : throw Invalid(text);
        }

        var slash = text.Split('/', 2);
        var sides = slash[0].Split(':');
        return sides.Length switch
        {
            1 => port with { Protocol = slash.ElementAtOrDefault(1) ?? "tcp", TargetPort = Number(text, sides[0]) },
            2 => port with { Protocol = slash.ElementAtOrDefault(1) ?? "tcp", PublishedPort = Number(text, sides[0]), TargetPort = Number(text, sides[1]) },
            _ => throw Invalid(text),
        };
    }

    private static uint Number(string text, string? value) =>
        ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : throw Invalid(text);

    private static CommandException Invalid(string text) =>
        new($"invalid argument \"{text}\" for \"--publish\" flag: use 8080:80 or published=8080,target=80", isUsage: true);
}
