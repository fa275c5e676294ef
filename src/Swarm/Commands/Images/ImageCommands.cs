using System.CommandLine;
using System.Text.Json;
using Swarm.Api.Client;
using Swarm.Commands.Text;

namespace Swarm.Commands.Images;

/// <summary>Images of one node.</summary>
internal static class ImageCommands
{
    public static Command List(Cli cli)
    {
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Only ids" };
        return cli.OnEngine(new Command("images", "List this node's images") { quiet }, async (parsed, client, cancellation) =>
        {
            var table = new TextTable("REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE");
            foreach (var image in await client.ImagesAsync(cancellation))
            {
                if (parsed.GetValue(quiet))
                {
                    await cli.Out.WriteLineAsync(Cli.ShortId(image.Id));
                    continue;
                }

                var age = HumanDuration.Words(cli.Time.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(image.Created)) + " ago";
                foreach (var name in image.RepoTags.DefaultIfEmpty("<none>:<none>"))
                {
                    // The tag is after the last colon: a registry's port may hold another.
                    var colon = name.LastIndexOf(':');
                    table.Add(name[..colon], name[(colon + 1)..], Cli.ShortId(image.Id), age, HumanSize.Format(image.Size));
                }
            }

            if (!parsed.GetValue(quiet))
            {
                table.Write(cli.Out);
            }
        });
    }

    public static Command Load(Cli cli)
    {
        var input = new Option<FileInfo?>("--input", "-i") { Description = "Archive, as `docker save` writes it (default: standard input)", HelpName = "file" };
        return cli.OnEngine(new Command("load", "Load images from an archive") { input }, async (parsed, client, cancellation) =>
        {
            await using var archive = parsed.GetValue(input)?.OpenRead() ?? Console.OpenStandardInput();
            foreach (var line in await client.LoadImagesAsync(archive, cancellation))
            {
                using var json = JsonDocument.Parse(line);
                if (json.RootElement.TryGetProperty("stream", out var text))
                {
                    await cli.Out.WriteAsync(text.GetString());
                }
            }
        });
    }
}
