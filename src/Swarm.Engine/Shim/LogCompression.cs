using Swarm.Linux;

namespace Swarm.Engine.Shim;

/// <summary>
/// Compresses one rotated log at a time, by a program: what it needs of memory is gone with it, and the shim has only one thread. A program that was
/// killed leaves the file, and perhaps a piece of its gzip, which readers pass over.
/// </summary>
/// <param name="program">gzip(1).</param>
public sealed class LogCompression(string program)
{
    public const string Extension = ".gz";
    private int _pid;

    /// <summary>Asked often, it also reaps.</summary>
    public bool IsRunning
    {
        get
        {
            if (_pid > 0 && ChildProcess.HasEnded(_pid))
            {
                _pid = 0;
            }

            return _pid > 0;
        }
    }

    /// <summary>A program that cannot be started leaves the file as it is: the log must never stop the container.</summary>
    public void Start(string path)
    {
        try
        {
            _pid = ChildProcess.StartSilently(program, [program, "-f", path], [], newSession: true);
        }
        catch (IOException e)
        {
            Console.Error.WriteLine($"{path} stays uncompressed: {e.Message}");
        }
    }
}
