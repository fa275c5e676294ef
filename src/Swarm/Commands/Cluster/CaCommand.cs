using System.CommandLine;
using Swarm.Api.Client;
using Swarm.Api.Wire;
using Task = System.Threading.Tasks.Task;

namespace Swarm.Commands.Cluster;

/// <summary>`swarm ca`: the root certificate, and its change.</summary>
internal static class CaCommand
{
    /// <summary>Between two looks at how far the nodes are.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    public static Command Build(Cli cli)
    {
        var rotate = new Option<bool>("--rotate") { Description = "Move the cluster to another root certificate: a new one, if none is given" };
        var certificate = new Option<string?>("--ca-cert") { Description = "PEM file of the root certificate to move to", HelpName = "file" };
        var key = new Option<string?>("--ca-key") { Description = "PEM file of its key", HelpName = "file" };
        var detach = new Option<bool>("--detach", "-d") { Description = "Do not wait until every node has moved" };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Do not show how far the nodes are" };
        var expiry = CaFlags.Expiry();
        var external = CaFlags.External();
        var command = new Command("ca", "Show or change the root certificate") { rotate, certificate, key, detach, quiet, expiry, external };
        return cli.OnEngine(command, async (parsed, client, cancellation) =>
        {
            var cluster = await client.InspectSwarmAsync(cancellation);
            if (!parsed.GetValue(rotate))
            {
                foreach (var option in new Option[] { certificate, key, expiry, external })
                {
                    if (parsed.GetResult(option) is not null)
                    {
                        throw new CommandException($"`{option.Name}` flag requires the `--rotate` flag to update the CA", isUsage: true);
                    }
                }

                await cli.Out.WriteLineAsync((cluster.TLSInfo?.TrustRoot ?? "No CA information available").TrimEnd());
                return;
            }

            var (brought, secret) = (parsed.GetValue(certificate), parsed.GetValue(key));
            var authorities = parsed.GetValue(external) is { Length: > 0 };
            if (authorities && brought is null)
            {
                throw new CommandException(
                    "rotating to an external CA requires the `--ca-cert` flag to specify the external CA's cert - to add an external CA with the current root CA certificate, use the `update` command instead", isUsage: true);
            }

            if (brought is not null && !authorities && secret is null)
            {
                throw new CommandException("the --ca-cert flag requires that a --ca-key flag and/or --external-ca flag be provided as well", isUsage: true);
            }

            var config = (CaFlags.Apply(cluster.Spec!.CAConfig, parsed, expiry, external) ?? new CAConfig()) with
            {
                SigningCACert = brought is null ? null : await File.ReadAllTextAsync(brought, cancellation),
                SigningCAKey = secret is null ? null : await File.ReadAllTextAsync(secret, cancellation),
                ForceRotate = (cluster.Spec.CAConfig?.ForceRotate ?? 0) + 1,
            };
            await client.UpdateSwarmAsync(cluster.Version!.Index, cluster.Spec with { CAConfig = config }, cancellation);
            if (!parsed.GetValue(detach))
            {
                await WaitAsync(cli, client, quiet: parsed.GetValue(quiet), cancellation);
            }
        });
    }

    private static async Task WaitAsync(Cli cli, EngineClient client, bool quiet, CancellationToken cancellation)
    {
        var last = "";
        while (true)
        {
            var cluster = await client.InspectSwarmAsync(cancellation);
            var nodes = await client.NodesAsync(cancellation);
            var moved = nodes.Count(node => HasIssuer(node, cluster.TLSInfo!));
            var trusting = nodes.Count(node => node.Description?.TLSInfo?.TrustRoot == cluster.TLSInfo!.TrustRoot);
            var line = $"rotated TLS certificates: {moved}/{nodes.Count} nodes; rotated CA certificates: {(cluster.RootRotationInProgress ? 0 : trusting)}/{nodes.Count} nodes";
            if (line != last && !quiet)
            {
                await cli.Error.WriteLineAsync(line);
            }

            last = line;
            if (!cluster.RootRotationInProgress && moved == nodes.Count && trusting == nodes.Count)
            {
                await cli.Out.WriteLineAsync(cluster.TLSInfo!.TrustRoot!.TrimEnd());
                return;
            }

            await Task.Delay(Pause, cli.Time, cancellation);
        }
    }

    private static bool HasIssuer(Node node, TLSInfo wanted) => node.Description?.TLSInfo is { CertIssuerPublicKey: { } key, CertIssuerSubject: { } subject }
        && key.AsSpan().SequenceEqual(wanted.CertIssuerPublicKey) && subject.AsSpan().SequenceEqual(wanted.CertIssuerSubject);
}
