namespace Swarm.Lab.State;

/// <summary>
/// One command changes a lab at a time. An advisory lock on a file beside the labs' folders: it goes with the process that holds it (flock(2)),
/// so a crash leaves nothing to clean.
/// </summary>
public sealed class LabLock : IDisposable
{
    /// <summary>A command that changes a lab ends within this; a longer wait means one hangs.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(50);
    private readonly FileStream _file;

    private LabLock(FileStream file) => _file = file;

    /// <param name="name">A lab's name, or empty for the folder of all labs.</param>
    /// <exception cref="LabException">Another command held the lab for longer than <see cref="MaxWait"/>.</exception>
    public static async Task<LabLock> TakeAsync(LabHost host, string name, CancellationToken cancellation)
    {
        var folder = Path.Combine(host.RunRoot, ".locks");
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, name.Length == 0 ? ".all" : name);
        var start = host.Time.GetTimestamp();
        while (true)
        {
            try
            {
                return new LabLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException e) when (host.Time.GetElapsedTime(start) > MaxWait)
            {
                throw new LabException($"another command has been changing lab {name} for {MaxWait.TotalMinutes:0} minutes: end it and try again", e);
            }
            catch (IOException)
            {
                await Task.Delay(RetryInterval, host.Time, cancellation);
            }
        }
    }

    public void Dispose() => _file.Dispose();
}
