using System.Globalization;
using Swarm.Api.Wire;
using Swarm.Commands.Text;

namespace Swarm.Commands.Services;

/// <summary>Services as `docker service ls` prints them.</summary>
internal static class ServiceTable
{
    /// <param name="idsOnly">One id a line.</param>
    public static void Write(Cli cli, IEnumerable<Service> services, bool idsOnly)
    {
        var sorted = services.OrderBy(service => service.Spec?.Name, StringComparer.Ordinal).ToList();
        if (idsOnly)
        {
            sorted.ForEach(service => cli.Out.WriteLine(service.ID));
            return;
        }

        var table = new TextTable("ID", "NAME", "MODE", "REPLICAS", "IMAGE", "PORTS");
        foreach (var service in sorted)
        {
            table.Add(Cli.ShortId(service.ID), service.Spec?.Name ?? "", Mode(service.Spec?.Mode), Replicas(service), Image(service.Spec), Ports(service));
        }

        table.Write(cli.Out);
    }

    private static string Mode(ServiceMode? mode) => mode switch
    {
        { Global: not null } => "global",
        { GlobalJob: not null } => "global job",
        { ReplicatedJob: not null } => "replicated job",
        _ => "replicated",
    };

    private static string Replicas(Service service)
    {
        var status = service.ServiceStatus ?? new ServiceStatus();
        var text = $"{status.RunningTasks}/{status.DesiredTasks}";
        return service.Spec?.TaskTemplate?.Placement?.MaxReplicas is > 0 and var max ? $"{text} (max {max} per node)" : text;
    }

    /// <summary>Without the digest that the engine may have pinned, as docker shows it.</summary>
    private static string Image(ServiceSpec? spec)
    {
        var image = spec?.TaskTemplate?.ContainerSpec?.Image ?? "";
        var digest = image.IndexOf('@', StringComparison.Ordinal);
        return digest > 0 ? image[..digest] : image;
    }

    private static string Ports(Service service) =>
        string.Join(", ", (service.Endpoint?.Ports ?? []).Where(p => p.PublishMode is null or "ingress")
            .Select(p => string.Create(CultureInfo.InvariantCulture, $"*:{p.PublishedPort}->{p.TargetPort}/{p.Protocol ?? "tcp"}")));
}
