using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Swarm.Linux;

namespace Swarm.Engine.Shim;

/// <summary>
/// The shim's whole life on one thread: wait for Start, run the OCI runtime, carry the streams, record the exit, remove the runtime's state, end.
/// </summary>
internal sealed class ShimLoop : IDisposable
{
    public const string SocketName = "s";

    /// <summary>The exit record in the bundle, which is there only if <see cref="ShimOptions.ExitFile"/> could not be written.</summary>
    public const string ExitName = "exit";
    private const int ControlDescriptor = 0, MaximumClients = 64, EventBatch = 16;
    private readonly ShimOptions _options;
    private readonly TimeProvider _time;
    private readonly OciRuntimeProcess _runtime;
    private readonly ContainerStdio _stdio;
    private readonly ShimLog? _log;
    private readonly ShimInput _input;
    private readonly Epoll _epoll = new();
    private readonly ShimClients _clients;
    private readonly byte[] _frame = new byte[ShimFrame.HeaderSize + ShimFrame.MaximumPayload];
    private readonly int _listener;
    private int _runtimePid, _pid, _deletePid;
    private int _watched = -1;
    private WaitStatus? _status;
    private byte[]? _exit;
    private bool _started, _done;
    private int _result;

    public ShimLoop(ShimOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        _runtime = new OciRuntimeProcess(options);
        _stdio = new ContainerStdio(options.Tty, options.Stdin, options.StreamOwner, _epoll.Forget);
        _input = new ShimInput(_stdio, options.StdinOnce);
        _log = options.Log.Length > 0 ? new ShimLog(options, time) : null;
        _listener = LocalSocket.Listen(SocketName, MaximumClients);
        FileDescriptors.SetNonBlocking(ControlDescriptor);
        _clients = new ShimClients(time, Left);
        _clients.Add(new ShimClientConnection(ControlDescriptor) { Interest = ShimInterest.Life, SaidHello = true });
    }

    public int Run()
    {
        _clients.Announce(ShimInterest.Life, ShimFrameKind.Ready, default);
        Span<Epoll.Event> ready = stackalloc Epoll.Event[EventBatch];
        while (!_done)
        {
            Rearm();
            var count = _epoll.Wait(ready, _clients.MillisecondsToStall);
            for (var i = 0; i < count && !_done; i++)
            {
                Handle((int)ready[i].Data, ready[i].Events);
            }

            _clients.CutStalled();
            if (_status is not null && _exit is null)
            {
                Drain();
            }

            if (_exit is not null && _deletePid == 0 && !_clients.AnyPending)
            {
                _done = true;
            }
        }

        FileDescriptors.Unlink(SocketName);
        return _result;
    }

    public void Dispose() => _epoll.Dispose();

    private void Handle(int fd, uint events)
    {
        if (fd == _listener)
        {
            AcceptClient();
        }
        else if (fd == _stdio.ConsoleListener)
        {
            _stdio.AcceptTerminal();
        }
        else if (fd == _watched)
        {
            Reap();
        }
        else if (fd == _stdio.Output || fd == _stdio.Error)
        {
            if ((events & Epoll.Out) != 0)
            {
                ContinueInput();
            }

            if ((events & ~Epoll.Out) != 0 && !_clients.AnyPending)
            {
                Pump(fd);
            }
        }
        else if (fd == _stdio.Input)
        {
            ContinueInput();
        }
        else if (_clients.Find(fd) is { } client)
        {
            HandleClient(client, events);
        }
    }

    private void HandleClient(ShimClientConnection client, uint events)
    {
        var alive = (events & Epoll.Out) == 0 || _clients.Flush(client);
        if (alive && (events & ~Epoll.Out) != 0)
        {
            alive = client.Receive() && ObeyAll(client);
        }

        if (!alive)
        {
            _clients.Drop(client);
        }
    }

    private bool ObeyAll(ShimClientConnection client)
    {
        while (!_input.IsBlocked && client.TryPeek(out var kind, out var payload))
        {
            if (!Obey(client, kind, payload))
            {
                return false;
            }

            client.Consume(payload.Length);
        }

        return true;
    }

    /// <summary>The process reads again: what clients had sent meanwhile is in their buffers and raises no event of its own.</summary>
    private void ContinueInput()
    {
        _input.Continue();
        _clients.DropWhere(client => client.Interest.HasFlag(ShimInterest.Stdin) && !ObeyAll(client));
    }

    private bool Obey(ShimClientConnection client, ShimFrameKind kind, ReadOnlySpan<byte> payload)
    {
        switch (kind)
        {
            case ShimFrameKind.Hello when payload.Length == 1:
                client.Interest = (ShimInterest)payload[0];
                client.SaidHello = true;
                return Greet(client);
            case ShimFrameKind.Start when client.Descriptor == ControlDescriptor && !_started:
                StartContainer();
                return true;
            case ShimFrameKind.Signal when payload.Length == 1:
                if (_pid > 0 && _status is null)
                {
                    ChildProcess.Signal(_pid, payload[0]);
                }

                return true;
            case ShimFrameKind.Resize when payload.Length == 4 && _options.Tty && _stdio.Output >= 0:
                Terminal.Resize(_stdio.Output, BinaryPrimitives.ReadUInt16BigEndian(payload), BinaryPrimitives.ReadUInt16BigEndian(payload[2..]));
                return true;
            case ShimFrameKind.Resize:
                return true;
            case ShimFrameKind.Stdin when client.Interest.HasFlag(ShimInterest.Stdin):
                _input.Write(payload);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Tells a new client what it would have heard, had it been there from the start.</summary>
    private bool Greet(ShimClientConnection client)
    {
        var alive = _clients.Send(client, ShimFrameKind.Attached, default);
        if (alive && client.Interest.HasFlag(ShimInterest.Life))
        {
            alive = _pid == 0 || _clients.Send(client, ShimFrameKind.Started, PidText());
            alive = alive && (_exit is null || _clients.Send(client, ShimFrameKind.Exited, _exit));
        }

        return alive;
    }

    private void StartContainer()
    {
        _started = true;
        try
        {
            _log?.Open();
            _runtimePid = _runtime.StartRun(_stdio);
        }
        catch (IOException e)
        {
            Fail(Encoding.UTF8.GetBytes(e.Message));
            return;
        }

        _stdio.CloseChildEnds();
        Watch(_runtimePid);
    }

    private void Watch(int pid)
    {
        _watched = ChildProcess.OpenPidfd(pid);
        if (_watched < 0)
        {
            throw LinuxError.Of("pidfd_open", -_watched);
        }
    }

    private void Reap()
    {
        _epoll.Forget(_watched);
        FileDescriptors.Close(_watched);
        _watched = -1;
        while (ChildProcess.ReapAny() is var (pid, status))
        {
            if (pid == _runtimePid)
            {
                RuntimeEnded(status);
            }
            else if (pid == _pid)
            {
                _status = status;
            }
            else if (pid == _deletePid)
            {
                _deletePid = 0;
            }
        }

        if (_pid > 0 && _status is null && _watched < 0)
        {
            Watch(_pid);
        }
    }

    private void RuntimeEnded(WaitStatus status)
    {
        _runtimePid = -1;
        var pid = status.ExitCode == 0 ? OciRuntimeProcess.ReadPid() : 0;
        if (pid == 0)
        {
            Fail(OciRuntimeProcess.ReadFailure(status));
            return;
        }

        _pid = pid;
        _clients.Announce(ShimInterest.Life, ShimFrameKind.Started, PidText());
    }

    private void Fail(ReadOnlySpan<byte> reason)
    {
        _clients.Announce(ShimInterest.Life, ShimFrameKind.Failed, reason);
        _result = 1;
        _done = true;
    }

    /// <summary>Reads what the ended process has left in its pipes, not waiting for descendants that keep them open, then records the exit.</summary>
    private void Drain()
    {
        foreach (var fd in new[] { _stdio.Output, _stdio.Error })
        {
            while (fd >= 0 && !_clients.AnyPending && Pump(fd))
            {
            }
        }

        if (!_clients.AnyPending)
        {
            _log?.Finish();
            RecordExit(_status!.Value);
        }
    }

    private void RecordExit(WaitStatus status)
    {
        var record = new ExitRecord(status.ExitCode, status.Signal, OomKills.Any(_options.OomFile), _time.GetUtcNow()).ToUtf8();
        if (_options.ExitFile.Length > 0 && !TryRecord(_options.ExitFile, record))
        {
            // The disk is full, say: the bundle is on another.
            TryRecord(ExitName, record);
        }

        _exit = record;
        _clients.Announce(ShimInterest.Life, ShimFrameKind.Exited, record);
        if (!_options.IsExec && !_runtime.TryDelete())
        {
            _deletePid = _runtime.StartDelete();
            Watch(_deletePid);
        }

        _clients.DropWhere(client => !client.Interest.HasFlag(ShimInterest.Life) && client.SaidHello && !client.HasPending);
    }

    /// <summary>Unable to write: the exit is still told to whoever listens.</summary>
    private bool TryRecord(string file, byte[] record)
    {
        try
        {
            DurableFile.Write(file, record);
            return true;
        }
        catch (IOException e)
        {
            Console.Error.WriteLine($"the exit of {_options.Id} could not be recorded in {file}: {e.Message}");
            return false;
        }
    }

    /// <summary>Moves one read's worth of output to the log and the clients. False if there is none now or ever again.</summary>
    private bool Pump(int fd)
    {
        var kind = fd == _stdio.Output ? ShimFrameKind.Stdout : ShimFrameKind.Stderr;
        var count = FileDescriptors.Read(fd, _frame.AsSpan(ShimFrame.HeaderSize));
        if (count is -LinuxError.Again or -LinuxError.Interrupted)
        {
            return false;
        }

        if (count <= 0)
        {
            // A terminal answers EIO once its other end is closed by everyone.
            _stdio.CloseOutput(fd);
            return false;
        }

        _log?.Write(_frame.AsSpan(ShimFrame.HeaderSize, count), kind);
        ShimFrame.WriteHeader(_frame, kind, count);
        var frame = _frame.AsSpan(0, ShimFrame.HeaderSize + count);
        _clients.Broadcast(kind == ShimFrameKind.Stdout ? ShimInterest.Stdout : ShimInterest.Stderr, frame);
        _clients.NotifyLogReaders();
        return true;
    }

    private void AcceptClient()
    {
        var fd = LocalSocket.Accept(_listener);
        if (fd >= 0)
        {
            _clients.Add(new ShimClientConnection(fd));
        }
    }

    private void Left(ShimClientConnection client)
    {
        _epoll.Forget(client.Descriptor);
        if (client.Interest.HasFlag(ShimInterest.Stdin))
        {
            _input.End();
        }

        if (client.Descriptor == ControlDescriptor && !_started)
        {
            // The daemon died before it said Start: nothing was run, and nobody will ever say it.
            (_done, _result) = (true, 1);
        }
    }

    /// <summary>Registers with epoll exactly what can be acted on now; a paused stream is taken out, since a hang-up cannot be masked.</summary>
    private void Rearm()
    {
        // Until the runtime has ended well, what comes out may be its own complaint, which is for the daemon and not for the log.
        var flowing = _pid > 0 && !_clients.AnyPending && _exit is null;
        _epoll.Watch(_listener, _clients.Count < MaximumClients ? Epoll.In : 0);
        _epoll.Watch(_stdio.ConsoleListener, Epoll.In);
        _epoll.Watch(_watched, Epoll.In);
        _epoll.Watch(_stdio.Error, flowing ? Epoll.In : 0);
        var blocked = _input.IsBlocked ? Epoll.Out : 0;
        if (_stdio.Input == _stdio.Output)
        {
            _epoll.Watch(_stdio.Output, (flowing ? Epoll.In : 0) | blocked);
        }
        else
        {
            _epoll.Watch(_stdio.Output, flowing ? Epoll.In : 0);
            _epoll.Watch(_stdio.Input, blocked);
        }

        foreach (var client in _clients.All)
        {
            var paused = _input.IsBlocked && client.Interest.HasFlag(ShimInterest.Stdin);
            _epoll.Watch(client.Descriptor, (paused ? 0 : Epoll.In) | (client.HasPending ? Epoll.Out : 0));
        }
    }

    private byte[] PidText() => Encoding.ASCII.GetBytes(_pid.ToString(CultureInfo.InvariantCulture));
}
