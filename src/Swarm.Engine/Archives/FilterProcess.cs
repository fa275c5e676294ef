using Microsoft.Win32.SafeHandles;
using Swarm.Linux;

namespace Swarm.Engine.Archives;

/// <summary>A stream decompressed by a program of this machine (`xz -dc`), for the forms that .NET does not know.</summary>
internal sealed class FilterProcess : ReadOnlyStream
{
    private const int SIGKILL = 9;
    private const int BufferSize = 64 * 1024;
    private static readonly string[] Folders = ["/usr/bin", "/bin"];

    private readonly string _name;
    private readonly int _pid;
    private readonly FileStream _output;
    private readonly Task _feeding;
    private readonly Stream _input;
    private bool _reaped;

    private FilterProcess(string name, int pid, FileStream output, Task feeding, Stream input) =>
        (_name, _pid, _output, _feeding, _input) = (name, pid, output, feeding, input);

    /// <summary>Disposing the result disposes <paramref name="input"/>.</summary>
    /// <param name="name">Of the program, which decompresses its input with -dc.</param>
    /// <exception cref="EngineException">501: it is not installed.</exception>
    public static FilterProcess Start(string name, Stream input)
    {
        var path = Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
            ?? throw EngineException.NotImplemented($"the archive is compressed by {name}, which is not installed here: install it, or use gzip or zstd");
        var (childInput, ourOutput) = FileDescriptors.Pipe();
        var (ourInput, childOutput) = FileDescriptors.Pipe();
        try
        {
            var pid = ChildProcess.Start(path, [path, "-dc"], ["PATH=/usr/bin:/bin"], [new(childInput, 0), new(childOutput, 1)], newSession: true);
            var feeding = Task.Factory.StartNew(
                () => Feed(input, ourOutput), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            return new FilterProcess(name, pid, new FileStream(new SafeFileHandle(ourInput, ownsHandle: true), FileAccess.Read, BufferSize), feeding, input);
        }
        catch
        {
            FileDescriptors.Close(ourOutput);
            FileDescriptors.Close(ourInput);
            throw;
        }
        finally
        {
            FileDescriptors.Close(childInput);
            FileDescriptors.Close(childOutput);
        }
    }

    public override int Read(Span<byte> buffer)
    {
        var read = _output.Read(buffer);
        if (read == 0 && buffer.Length > 0 && !_reaped)
        {
            _reaped = true;
            var status = ChildProcess.Wait(_pid);

            // Why the input ended tells more than what the program made of it.
            _feeding.GetAwaiter().GetResult();
            if (status is not { ExitCode: 0 })
            {
                throw new InvalidDataException($"the archive is damaged: {_name} could not decompress it");
            }
        }

        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _output.Dispose();
            if (!_reaped)
            {
                _reaped = true;
                ChildProcess.Signal(_pid, SIGKILL);
                ChildProcess.Wait(_pid);
            }

            // The input is its owner's again only when nobody reads it any more; its failure, if any, was the reader's to hear.
            _feeding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
            _input.Dispose();
        }

        base.Dispose(disposing);
    }

    private static void Feed(Stream input, int descriptor)
    {
        using var output = new FileStream(new SafeFileHandle(descriptor, ownsHandle: true), FileAccess.Write, bufferSize: 0);
        var buffer = new byte[BufferSize];
        for (int read; (read = input.Read(buffer)) > 0;)
        {
            try
            {
                output.Write(buffer, 0, read);
            }
            catch (IOException)
            {
                // The program has ended: it has enough, or its exit status says what it did not like.
                return;
            }
        }
    }
}
