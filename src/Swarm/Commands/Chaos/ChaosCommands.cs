using System.CommandLine;
using System.Globalization;
using Swarm.Chaos.Checkers;
using Swarm.Chaos.Reports;
using Swarm.Chaos.Running;
using Swarm.Chaos.Scenarios;
using Swarm.Chaos.Timeline;
using Swarm.Lab;

namespace Swarm.Commands.Chaos;

/// <summary>`swarm chaos ...`: finding out what breaks.</summary>
internal static class ChaosCommands
{
    private const int Violated = 1;

    /// <summary>Also: the run could not be made.</summary>
    private const int NotKnown = 2;

    public static Command Build(Cli cli) => new("chaos", "Break a cluster on purpose, and judge what it did") { Run(cli), Plan(cli) };

    private static Command Run(Cli cli)
    {
        var scenario = Scenario();
        var seed = Seed();
        var seeds = new Option<string?>("--seeds") { Description = "Several, one after the other, as in 1..30", HelpName = "from..to" };
        var lab = new Option<string>("--lab") { DefaultValueFactory = _ => "chaos", Description = "Name of the lab that is made for it", HelpName = "name" };
        var keep = new Option<bool>("--keep") { Description = "Leave the lab standing" };
        var folder = new Option<string>("--report") { DefaultValueFactory = _ => "chaos-reports", Description = "Folder for the reports", HelpName = "dir" };
        var binary = new Option<string?>("--binary") { Description = "The program that the nodes run (default: this one)", HelpName = "path" };
        return cli.Local(new Command("run", "Run a scenario") { scenario, seed, seeds, lab, keep, folder, binary }, async (parsed, cancellation) =>
        {
            var path = parsed.GetRequiredValue(scenario);
            var runner = new ScenarioRuns(cli, parsed.GetRequiredValue(folder), parsed.GetRequiredValue(lab), parsed.GetValue(keep), parsed.GetValue(binary));
            try
            {
                return await runner.RunAsync(path, Seeds(parsed.GetValue(seeds), parsed.GetValue(seed)), cancellation) switch
                {
                    Verdict.Held => 0,
                    Verdict.Violated => Violated,
                    _ => NotKnown,
                };
            }
            catch (Exception e) when (e is ScenarioException or RunException or LabException)
            {
                await cli.Error.WriteLineAsync(e.Message);
                return NotKnown;
            }
        });
    }

    private static Command Plan(Cli cli)
    {
        var scenario = Scenario();
        var seed = Seed();
        return cli.Local(new Command("plan", "Print the timeline that a seed means, without running it") { scenario, seed }, async (parsed, _) =>
        {
            try
            {
                foreach (var fault in FaultPlan.Draw(ScenarioReader.Load(parsed.GetRequiredValue(scenario)), parsed.GetValue(seed) ?? 1))
                {
                    await cli.Out.WriteLineAsync(fault.ToString());
                }

                return 0;
            }
            catch (ScenarioException e)
            {
                await cli.Error.WriteLineAsync(e.Message);
                return NotKnown;
            }
        });
    }

    private static Argument<string> Scenario() => new("SCENARIO") { Description = "A file such as chaos/scenarios/leader-kill.yaml" };

    private static Option<long?> Seed() => new("--seed") { Description = "What the timeline is drawn from (default 1)", HelpName = "number" };

    private static IReadOnlyList<long> Seeds(string? range, long? seed)
    {
        if (range is null)
        {
            return [seed ?? 1];
        }

        var parts = range.Split("..");
        return seed is null && parts.Length == 2
            && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var from)
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var to) && from <= to && to - from < 10_000
            ? [.. Enumerable.Range(0, (int)(to - from) + 1).Select(i => from + i)]
            : throw new CommandException("--seeds must be a range such as 1..30, without --seed", isUsage: true);
    }
}
