using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Swarm.Commands;

namespace Swarm.Daemon;

/// <summary>Where the daemon's log goes: to standard output, one line each.</summary>
internal static class DaemonLogging
{
    internal static ILoggerFactory Create(DaemonOptions options, LogSwitch levels, TimeProvider time) => LoggerFactory.Create(logging =>
    {
        logging.SetMinimumLevel(LogLevel.Trace).AddFilter(levels.Allows);
        if (options.JsonLogs)
        {
            logging.Services.AddSingleton<ConsoleFormatter>(new JsonLogLines(time));
            logging.AddConsole(console => console.FormatterName = JsonLogLines.FormatterName);
            return;
        }

        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
        });
    });
}
