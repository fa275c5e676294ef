using System.CommandLine;
using Swarm.Lab;

namespace Swarm.Commands.Labs;

/// <summary>Which lab a command means: the one named, or the only one there is.</summary>
internal sealed class LabContext(Cli cli, LabHost host)
{
    public Cli Cli { get; } = cli;
    public LabHost Host { get; } = host;

    public Option<string?> Name { get; } = new("--lab") { Description = "Which lab; needed only if there are several", Recursive = true, HelpName = "name" };

    public Swarm.Lab.Lab Open(ParseResult parsed) => Swarm.Lab.Lab.Open(Host, Choose(parsed.GetValue(Name)));

    public string Choose(string? named)
    {
        if (named is not null)
        {
            return named;
        }

        var names = Swarm.Lab.Lab.Names(Host);
        return names.Count switch
        {
            1 => names[0],
            0 => throw new LabException("there is no lab: make one with 'swarm lab up'"),
            _ => throw new LabException($"there are several labs ({string.Join(", ", names)}): say which with --lab NAME"),
        };
    }

    public void Progress(string line)
    {
        lock (Cli.Error)
        {
            Cli.Error.WriteLine(line);
        }
    }
}
