using Swarm.Linux;

namespace Swarm.Engine.Shim;

/// <summary>The ends of a process's standard streams: three pipes, or the master of a terminal that the runtime sends over a socket.</summary>
internal sealed class ContainerStdio
{
    private const string ConsoleSocketName = "c";
    private readonly List<int> _childEnds = [];
    private readonly Action<int> _closing;

    public int Input { get; private set; } = -1;
    public int Output { get; private set; } = -1;
    public int Error { get; private set; } = -1;

    /// <summary>Listens for the terminal; -1 if there is none or it has come.</summary>
    public int ConsoleListener { get; private set; } = -1;

    /// <summary>What the runtime gets as 0, 1 and 2 and passes on.</summary>
    public ChildDescriptor[] ForRuntime { get; }

    public static string ConsoleSocketPath(string bundle) => Path.Combine(bundle, ConsoleSocketName);

    /// <param name="closing">Hears of each of our ends before it is closed.</param>
    /// <param name="owner">Of the pipes; null: root.</param>
    public ContainerStdio(bool tty, bool stdin, (uint Uid, uint Gid)? owner, Action<int> closing)
    {
        _closing = closing;
        var nothing = OpenChildEnd(FileDescriptors.Open("/dev/null", FileDescriptors.ReadWrite));
        if (tty)
        {
            ConsoleListener = LocalSocket.Listen(ConsoleSocketName, backlog: 1);
            ForRuntime = [new(nothing, 0), new(nothing, 1), new(nothing, 2)];
            return;
        }

        var input = nothing;
        if (stdin)
        {
            (input, Input) = FileDescriptors.Pipe();
            OpenChildEnd(input);
            FileDescriptors.SetNonBlocking(Input);
        }

        (Output, var output) = FileDescriptors.Pipe();
        (Error, var error) = FileDescriptors.Pipe();
        FileDescriptors.SetNonBlocking(Output);
        FileDescriptors.SetNonBlocking(Error);
        ForRuntime = [new(input, 0), new(OpenChildEnd(output), 1), new(OpenChildEnd(error), 2)];
        if (owner is { } user)
        {
            foreach (var pipe in _childEnds.Where(end => end != nothing))
            {
                FileOwner.Set(pipe, user.Uid, user.Gid);
            }
        }
    }

    /// <summary>Takes the terminal from the runtime's connection.</summary>
    /// <exception cref="IOException">The runtime sent none.</exception>
    public void AcceptTerminal()
    {
        const int waitForMessage = 2000;
        var connection = LocalSocket.Accept(ConsoleListener);
        if (connection < 0)
        {
            throw LinuxError.Of("accept console", -connection);
        }

        using (var wait = new Epoll())
        {
            wait.Watch(connection, Epoll.In);
            Span<Epoll.Event> ready = stackalloc Epoll.Event[1];
            wait.Wait(ready, waitForMessage);
        }

        var terminal = LocalSocket.ReceiveDescriptor(connection);
        FileDescriptors.Close(connection);
        CloseConsoleListener();
        if (terminal < 0)
        {
            throw LinuxError.Of("no terminal came from the runtime", -terminal);
        }

        FileDescriptors.SetNonBlocking(terminal);
        (Input, Output) = (terminal, terminal);
    }

    /// <summary>Our copies of the process's ends, so that end of file can be seen.</summary>
    public void CloseChildEnds()
    {
        _childEnds.ForEach(FileDescriptors.Close);
        _childEnds.Clear();
    }

    public void CloseInput()
    {
        if (Input >= 0 && Input != Output)
        {
            _closing(Input);
            FileDescriptors.Close(Input);
            Input = -1;
        }
    }

    public void CloseOutput(int fd)
    {
        _closing(fd);
        FileDescriptors.Close(fd);
        if (fd == Output)
        {
            Input = Input == fd ? -1 : Input;
            Output = -1;
        }
        else
        {
            Error = -1;
        }
    }

    private void CloseConsoleListener()
    {
        _closing(ConsoleListener);
        FileDescriptors.Close(ConsoleListener);
        FileDescriptors.Unlink(ConsoleSocketName);
        ConsoleListener = -1;
    }

    private int OpenChildEnd(int fd)
    {
        _childEnds.Add(fd);
        return fd;
    }
}
