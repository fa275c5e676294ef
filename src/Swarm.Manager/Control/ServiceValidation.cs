using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Swarm.Model;

namespace Swarm.Manager.Control;

/// <summary>What a service's spec must be, in the order and with the texts of swarmkit's control API.</summary>
/// <param name="constraints">Refuses placement constraints that can not be parsed: answers swarmkit's text, or null.</param>
public sealed partial class ServiceValidation(Func<ImmutableArray<string>, string?> constraints)
{
    /// <summary>Bytes of an encoded spec: what swarmkit's gRPC accepts.</summary>
    internal const int MaxSpecLength = 4 << 20;

    private const int MaxNameLength = 63;

    /// <exception cref="ControlException">The spec can not be run.</exception>
    public void Check(ServiceSpec spec)
    {
        CheckSize(spec);
        CheckName(spec.Annotations.Name);
        TaskValidation.CheckResources(spec.Task);
        TaskValidation.CheckRestart(spec.Task.Restart);
        if (constraints(spec.Task.Placement.Constraints) is { } bad)
        {
            throw new ControlException(400, $"rpc error: code = Unknown desc = {bad}"); // Docker's text; its 500 would blame the server
        }

        ContainerValidation.CheckFileReferences("secret", spec.Task.Container.Secrets);
        ContainerValidation.CheckFileReferences("config", spec.Task.Container.Configs);
        ContainerValidation.Check(spec.Task.Container);
        ContainerValidation.CheckTemplates(spec);
        TaskValidation.CheckUpdate(spec.Update);
        TaskValidation.CheckUpdate(spec.Rollback);
        CheckPorts(spec.Endpoint);
        CheckMode(spec);
        CheckLabels(spec.Annotations.Labels);
        NotBuilt.Check(spec);
    }

    [GeneratedRegex("^[a-zA-Z0-9](?:[-_]*[A-Za-z0-9]+)*$", RegexOptions.NonBacktracking)]
    private static partial Regex Name();

    private static void CheckSize(ServiceSpec spec)
    {
        var length = Codec.Serialize(spec).Length;
        if (length > MaxSpecLength)
        {
            throw new ControlException(500, $"rpc error: code = ResourceExhausted desc = grpc: received message larger than max ({length} vs. {MaxSpecLength})");
        }
    }

    internal static void CheckName(string name)
    {
        if (!Name().IsMatch(name))
        {
            throw ControlException.Invalid("name must be valid as a DNS name component");
        }

        if (name.Length > MaxNameLength)
        {
            throw ControlException.Invalid("name must be 63 characters or fewer");
        }
    }

    private static void CheckPorts(EndpointSpec? endpoint)
    {
        if (endpoint is null)
        {
            return;
        }

        var published = new HashSet<(int, PortProtocol)>();
        foreach (var port in endpoint.Ports)
        {
            if (endpoint.Mode == ResolutionMode.DnsRoundRobin && port.PublishMode == PublishMode.Ingress)
            {
                throw ControlException.Invalid("EndpointSpec: port published with ingress mode can't be used with dnsrr mode");
            }

            if (port.PublishedPort != 0 && !published.Add((port.PublishedPort, port.Protocol)))
            {
                throw ControlException.Invalid("EndpointSpec: duplicate published ports provided");
            }
        }
    }

    /// <summary>Labels that are requests.</summary>
    private static void CheckLabels(ImmutableSortedDictionary<string, string> labels)
    {
        try
        {
            DependencyLabel.Parse(labels.GetValueOrDefault(DependencyLabel.Name));
            RebalanceLabel.Parse(labels.GetValueOrDefault(RebalanceLabel.Name));
        }
        catch (FormatException e)
        {
            throw ControlException.Invalid(e.Message);
        }
    }

    private static void CheckMode(ServiceSpec spec)
    {
        if (spec.Replicas > long.MaxValue)
        {
            throw ControlException.Invalid(spec.Mode.IsJob() ? "Maximum concurrent jobs must be a non-negative integer" : "Number of replicas must be non-negative");
        }

        if (spec.TotalCompletions > long.MaxValue)
        {
            throw ControlException.Invalid("Total completed jobs must be a non-negative integer");
        }

        if (spec.Mode.IsJob() && (spec.Update is not null || spec.Rollback is not null))
        {
            throw ControlException.Invalid("Jobs may not have an update or rollback config");
        }
    }
}
