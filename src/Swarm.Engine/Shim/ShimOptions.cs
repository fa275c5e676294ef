using System.Globalization;
using System.Text;

namespace Swarm.Engine.Shim;

/// <summary>How the daemon tells a shim what to run: plain arguments, so that the shim needs no JSON reader.</summary>
public sealed record ShimOptions
{
    /// <summary>The shim's folder on volatile storage: the OCI bundle, its socket and its records of the run.</summary>
    public required string Bundle { get; init; }

    /// <summary>The container's name at the runtime.</summary>
    public required string Id { get; init; }

    /// <summary>Path of the OCI runtime.</summary>
    public required string Runtime { get; init; }

    /// <summary>A descriptor with a sealed copy of the runtime, to be run instead of its file; null: none.</summary>
    public int? RuntimeCopy { get; init; }

    /// <summary>Put before the runtime's own arguments.</summary>
    public IReadOnlyList<string> RuntimeArguments { get; init; } = [];

    /// <summary>The runtime's --root.</summary>
    public required string RuntimeRoot { get; init; }
    public bool Tty { get; init; }

    /// <summary>The process gets a standard input that clients can write to; otherwise it reads /dev/null.</summary>
    public bool Stdin { get; init; }

    /// <summary>When the first client's input ends, so does the process's.</summary>
    public bool StdinOnce { get; init; }

    /// <summary>A json-file log; empty: nothing is logged.</summary>
    public string Log { get; init; } = "";

    /// <summary>Bytes after which the log rotates; 0: never.</summary>
    public long LogMaximumSize { get; init; }

    /// <summary>How many files the log has at most, from 1.</summary>
    public int LogMaximumFiles { get; init; } = 1;

    /// <summary>A program that makes a gzip of a rotated file in its place; empty: they stay as they are.</summary>
    public string LogCompressor { get; init; } = "";

    /// <summary>A file with a JSON object that each record of the log repeats: a file, since it may hold what is not for the process list; empty: none.</summary>
    public string LogAttributes { get; init; } = "";

    /// <summary>Where the exit is recorded durably; empty: only clients hear of it.</summary>
    public string ExitFile { get; init; } = "";

    /// <summary>The control group's file with an "oom_kill N" line; empty: unknown.</summary>
    public string OomFile { get; init; } = "";

    /// <summary>The container's control group, if all that the runtime's delete does is to remove it and its own state; empty: it may do more.</summary>
    public string Cgroup { get; init; } = "";

    /// <summary>Set: not a container of its own, but one more process in container <see cref="Id"/>, described by this OCI process file.</summary>
    public string ExecProcess { get; init; } = "";

    /// <summary>Owner of the pipes that are the process's streams, so that it can open them again (/dev/stdout); null: root.</summary>
    public (uint Uid, uint Gid)? StreamOwner { get; init; }

    public bool IsExec => ExecProcess.Length > 0;

    /// <summary>The arguments in UTF-8, with a zero byte between them.</summary>
    public byte[] ToPayload() => Encoding.UTF8.GetBytes(string.Join('\0', ToArguments()));

    /// <exception cref="ArgumentException">As of <see cref="Parse(IReadOnlyList{string})"/>.</exception>
    public static ShimOptions Parse(ReadOnlySpan<byte> payload) => Parse(Encoding.UTF8.GetString(payload).Split('\0'));

    public IReadOnlyList<string> ToArguments()
    {
        List<string> arguments = ["--bundle", Bundle, "--id", Id, "--runtime", Runtime, "--runtime-root", RuntimeRoot];
        AddFlag("--tty", Tty);
        AddFlag("--stdin", Stdin);
        AddFlag("--stdin-once", StdinOnce);
        AddText("--log", Log);
        AddText("--log-max-size", LogMaximumSize == 0 ? "" : LogMaximumSize.ToString(CultureInfo.InvariantCulture));
        AddText("--log-max-files", LogMaximumFiles == 1 ? "" : LogMaximumFiles.ToString(CultureInfo.InvariantCulture));
        AddText("--log-compressor", LogCompressor);
        AddText("--log-attributes", LogAttributes);
        AddText("--runtime-copy", RuntimeCopy?.ToString(CultureInfo.InvariantCulture) ?? "");
        foreach (var argument in RuntimeArguments)
        {
            AddText("--runtime-argument", argument);
        }

        AddText("--exit-file", ExitFile);
        AddText("--oom-file", OomFile);
        AddText("--cgroup", Cgroup);
        AddText("--exec", ExecProcess);
        AddText("--stream-owner", StreamOwner is { } owner ? string.Create(CultureInfo.InvariantCulture, $"{owner.Uid}:{owner.Gid}") : "");
        return arguments;

        void AddFlag(string name, bool value)
        {
            if (value)
            {
                arguments.Add(name);
            }
        }

        void AddText(string name, string value)
        {
            if (value.Length > 0)
            {
                arguments.Add(name);
                arguments.Add(value);
            }
        }
    }

    /// <exception cref="ArgumentException">An unknown argument, a missing value or a missing argument: one line for the user.</exception>
    public static ShimOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new ShimOptions { Bundle = "", Id = "", Runtime = "", RuntimeRoot = "" };
        for (var i = 0; i < arguments.Count; i++)
        {
            var name = arguments[i];
            options = name switch
            {
                "--tty" => options with { Tty = true },
                "--stdin" => options with { Stdin = true },
                "--stdin-once" => options with { StdinOnce = true },
                "--bundle" => options with { Bundle = Value() },
                "--id" => options with { Id = Value() },
                "--runtime" => options with { Runtime = Value() },
                "--runtime-copy" => options with { RuntimeCopy = int.Parse(Value(), CultureInfo.InvariantCulture) },
                "--runtime-root" => options with { RuntimeRoot = Value() },
                "--log" => options with { Log = Value() },
                "--log-max-size" => options with { LogMaximumSize = long.Parse(Value(), CultureInfo.InvariantCulture) },
                "--log-max-files" => options with { LogMaximumFiles = int.Parse(Value(), CultureInfo.InvariantCulture) },
                "--log-compressor" => options with { LogCompressor = Value() },
                "--log-attributes" => options with { LogAttributes = Value() },
                "--runtime-argument" => options with { RuntimeArguments = [.. options.RuntimeArguments, Value()] },
                "--exit-file" => options with { ExitFile = Value() },
                "--oom-file" => options with { OomFile = Value() },
                "--cgroup" => options with { Cgroup = Value() },
                "--exec" => options with { ExecProcess = Value() },
                "--stream-owner" => options with { StreamOwner = Owner(Value().Split(':')) },
                _ => throw new ArgumentException($"shim: unknown argument {name}"),
            };

            static (uint, uint) Owner(string[] ids) => (uint.Parse(ids[0], CultureInfo.InvariantCulture), uint.Parse(ids[1], CultureInfo.InvariantCulture));

            string Value() => ++i < arguments.Count ? arguments[i] : throw new ArgumentException($"shim: {name} needs a value");
        }

        return options.Bundle.Length > 0 && options.Id.Length > 0 && options.Runtime.Length > 0 && options.RuntimeRoot.Length > 0
            ? options
            : throw new ArgumentException("shim: --bundle, --id, --runtime and --runtime-root are required");
    }
}
