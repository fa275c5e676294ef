using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Swarm.Networking.Netlink.RouteConstants;

namespace Swarm.Networking.Netlink;

/// <summary>Reads an object of the kernel's answer; null: not one that was asked for.</summary>
internal delegate T? NetlinkParser<T>(ReadOnlySpan<byte> payload) where T : class;

/// <summary>Requests to the kernel and their answers (netlink(7)), whatever the family. One thread at a time.</summary>
/// <param name="receiveBytes">Room for an answer; less where nothing is ever dumped.</param>
internal sealed unsafe partial class NetlinkSocket(int protocol, int receiveBytes = NetlinkSocket.ReceiveBytes) : IDisposable
{
    /// <summary>The kernel fills at most 32 KiB of a dump at once (netlink_dump).</summary>
    private const int ReceiveBytes = 64 * 1024;

    private const int LargestBatch = 16 * 1024 * 1024;

    /// <summary>So many refusals fit the kernel's usual room for answers.</summary>
    private const int ChangesAtOnce = 100;

    /// <summary>A dump that changes under us is asked for again this often.</summary>
    private const int DumpAttempts = 8;

    private readonly SafeFileHandle socket = Native.Open(protocol);
    private readonly byte[] received = new byte[receiveBytes];
    private uint sequence = 1;

    public void Dispose() => socket.Dispose();

    /// <summary>The descriptor, to wait for.</summary>
    public int Descriptor => (int)socket.DangerousGetHandle();

    /// <summary>Tells of changes from now on (netlink(7), NETLINK_ADD_MEMBERSHIP).</summary>
    public void Subscribe(int group) => Native.Join(socket, group);

    /// <summary>The types of the changes that one datagram tells of. Null: some were lost, because nobody took them in time.</summary>
    public IReadOnlyList<ushort>? TakeChanges()
    {
        const int noBufferSpace = 105; // ENOBUFS: the kernel had no room to keep them
        int count;
        try
        {
            count = Native.Receive(socket, received, "hear of changes");
        }
        catch (NetlinkException error) when (error.Errno == noBufferSpace)
        {
            return null;
        }

        var types = new List<ushort>();
        for (var at = 0; at + HeaderBytes <= count && MemoryMarshal.Read<int>(received.AsSpan(at)) is var length && length >= HeaderBytes; at += NetlinkRequest.Align(length))
        {
            types.Add(MemoryMarshal.Read<ushort>(received.AsSpan(at + 4)));
        }

        return types;
    }

    /// <summary>Sends a change and waits for the kernel's answer.</summary>
    public void Change(NetlinkRequest request, string what)
    {
        Native.Send(socket, request.Finish(++sequence), what);
        foreach (var message in Receive(what))
        {
            if (message.Type == MessageError)
            {
                Acknowledge(Payload(message), message.Flags, what);
                return;
            }
        }

        throw new InvalidDataException($"{what}: the kernel did not answer");
    }

    /// <summary>
    /// Sends changes that take effect together or not at all (nfnetlink's batches), between the messages that begin and end one. Only the last
    /// change is to ask for an acknowledgement: a refusal of any is told unasked. After a refusal the socket is of no further use.
    /// </summary>
    public void Batch(IReadOnlyList<NetlinkRequest> messages, string what)
    {
        var first = sequence + 1;
        using var bytes = new MemoryStream();
        foreach (var message in messages)
        {
            bytes.Write(message.Finish(++sequence));
        }

        Native.Send(socket, bytes.GetBuffer().AsSpan(0, (int)bytes.Length), what);
        foreach (var message in Receive(what, first))
        {
            if (message.Type == MessageError)
            {
                Acknowledge(Payload(message), message.Flags, what);
                return;
            }
        }

        throw new InvalidDataException($"{what}: the kernel did not answer");
    }

    /// <summary>
    /// Sends many changes by few system calls; each takes effect by itself. All are tried; then the first refusal is thrown that is not tolerated.
    /// </summary>
    public void ChangeMany(IReadOnlyList<NetlinkRequest> requests, string what, Predicate<NetlinkException>? tolerates = null)
    {
        NetlinkException? failure = null;
        foreach (var chunk in requests.Chunk(ChangesAtOnce))
        {
            var first = sequence + 1;
            chunk[^1].Acknowledged();
            using var bytes = new MemoryStream();
            foreach (var request in chunk)
            {
                bytes.Write(request.Finish(++sequence));
            }

            Native.Send(socket, bytes.GetBuffer().AsSpan(0, (int)bytes.Length), what);
            for (var isAnswered = false; !isAnswered;)
            {
                foreach (var message in Receive(what, first).Where(message => message.Type == MessageError))
                {
                    isAnswered |= message.Sequence == sequence;
                    try
                    {
                        Acknowledge(Payload(message), message.Flags, what);
                    }
                    catch (NetlinkException error)
                    {
                        failure ??= tolerates?.Invoke(error) == true ? null : error;
                    }
                }
            }
        }

        if (failure is not null)
        {
            throw failure;
        }
    }

    /// <summary>For batches beyond the usual 200 KB.</summary>
    public void MakeRoom() => Native.SetSendRoom(socket, LargestBatch);

    /// <summary>Asks for every object of a kind.</summary>
    public List<T> Dump<T>(Func<NetlinkRequest> request, string what, NetlinkParser<T> parse) where T : class
    {
        for (var attempt = 0; attempt < DumpAttempts; attempt++)
        {
            if (TryDump(request(), what, parse) is { } all)
            {
                return all;
            }
        }

        throw new NetlinkException(what + ": changed during each of several attempts", Interrupted);
    }

    private List<T>? TryDump<T>(NetlinkRequest request, string what, NetlinkParser<T> parse) where T : class
    {
        Native.Send(socket, request.Finish(++sequence), what);
        var all = new List<T>();
        var interrupted = false;
        while (true)
        {
            foreach (var message in Receive(what))
            {
                interrupted |= (message.Flags & FlagDumpInterrupted) != 0;
                switch (message.Type)
                {
                    case MessageDone:
                        return interrupted ? null : all;
                    case MessageError:
                        Acknowledge(Payload(message), message.Flags, what);
                        break;
                    default:
                        if (parse(Payload(message)) is { } item)
                        {
                            all.Add(item);
                        }

                        break;
                }
            }
        }
    }

    /// <summary>Asks for one object; null when there is none.</summary>
    public T? Get<T>(NetlinkRequest request, string what, NetlinkParser<T> parse) where T : class
    {
        Native.Send(socket, request.Finish(++sequence), what);
        foreach (var message in Receive(what))
        {
            if (message.Type != MessageError)
            {
                return parse(Payload(message));
            }

            try
            {
                Acknowledge(Payload(message), message.Flags, what);
            }
            catch (NetlinkException error) when (error.NotThere)
            {
                return null;
            }
        }

        throw new InvalidDataException($"{what}: the kernel did not answer");
    }

    private readonly record struct Message(ushort Type, ushort Flags, uint Sequence, int Offset, int Length);

    private ReadOnlySpan<byte> Payload(Message message) => received.AsSpan(message.Offset, message.Length);

    /// <summary>One datagram, cut into the messages that answer the last request (an abandoned answer of an earlier one is passed over).</summary>
    private List<Message> Receive(string what, uint? from = null)
    {
        var oldest = from ?? sequence;
        var messages = new List<Message>();
        while (messages.Count == 0)
        {
            var count = Native.Receive(socket, received, what);
            for (var at = 0; at + HeaderBytes <= count;)
            {
                var length = MemoryMarshal.Read<int>(received.AsSpan(at));
                if (length < HeaderBytes || at + length > count)
                {
                    throw new InvalidDataException($"{what}: netlink message of {length} bytes in {count - at}");
                }

                if (MemoryMarshal.Read<uint>(received.AsSpan(at + 8)) is var answered && answered >= oldest && answered <= sequence)
                {
                    var type = MemoryMarshal.Read<ushort>(received.AsSpan(at + 4));
                    var flags = MemoryMarshal.Read<ushort>(received.AsSpan(at + 6));
                    messages.Add(new Message(type, flags, answered, at + HeaderBytes, length - HeaderBytes));
                }

                at += NetlinkRequest.Align(length);
            }
        }

        return messages;
    }

    /// <summary>struct nlmsgerr: the negative errno, the request's header (NETLINK_CAP_ACK leaves out its body), then the kernel's text.</summary>
    private static void Acknowledge(ReadOnlySpan<byte> payload, ushort flags, string what)
    {
        var errno = -MemoryMarshal.Read<int>(payload);
        if (errno == 0)
        {
            return;
        }

        string? text = null;
        if ((flags & FlagAckTlvs) != 0)
        {
            var attributes = new NetlinkAttributes(payload[(sizeof(int) + HeaderBytes)..]);
            while (attributes.Next())
            {
                text = attributes.Type == ErrorAttributeMessage ? attributes.Text : text;
            }
        }

        throw new NetlinkException(what, errno, text);
    }
}
