using System.Diagnostics;

namespace Swarm.Api.Tests;

/// <summary>The real docker command, pointed at a test's socket.</summary>
public static class DockerCli
{
    public static bool IsThere { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "docker")));

    public static async Task<(int Code, string Out, string Error)> RunAsync(string socket, params string[] arguments)
    {
        var start = new ProcessStartInfo("docker", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOCKER_HOST"] = $"unix://{socket}";
        start.Environment["DOCKER_CONFIG"] = Path.GetDirectoryName(socket)!;
        start.Environment.Remove("DOCKER_API_VERSION");
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(TestHost.Deadline);
        }
        catch (TimeoutException)
        {
            process.Kill();
            Assert.Fail($"docker {string.Join(' ', arguments)} did not end: {await output}{await error}");
        }

        return (process.ExitCode, (await output).TrimEnd(), (await error).TrimEnd());
    }

    /// <summary>Runs a command that must succeed.</summary>
    public static async Task<string> OkAsync(string socket, params string[] arguments)
    {
        var (code, output, error) = await RunAsync(socket, arguments);
        Assert.True(code == 0, $"docker {string.Join(' ', arguments)}: {code}\n{output}\n{error}");
        return output;
    }
}

/// <summary>Skipped only where there is no docker command.</summary>
public sealed class DockerFactAttribute : FactAttribute
{
    public DockerFactAttribute()
    {
        if (!DockerCli.IsThere)
        {
            Skip = "the docker command is not installed";
        }
    }
}
