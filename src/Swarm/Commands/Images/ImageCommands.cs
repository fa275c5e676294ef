using System.CommandLine;
using System.Text.Json;

namespace Swarm.Commands.Images;

/// <summary>Images of one node.</summary>
internal static class ImageCommands
{
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
