using System.Buffers;
using System.Reflection;
using MessagePack;
using Swarm.Model;
using Swarm.Rpc.Dispatch;

namespace Swarm.Rpc.Tests;

/// <summary>Nodes of two versions speak with each other while a cluster is upgraded (docs/decisions/0011-how-a-format-changes.md).</summary>
public sealed class MixedVersions
{
    public static TheoryData<Type> Messages =>
        [.. typeof(SessionRequest).Assembly.GetTypes().Where(type => type.GetCustomAttribute<MessagePackObjectAttribute>() is not null)];

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_with_fields_of_a_newer_version_is_understood(Type message) => Call(nameof(Understands), message);

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_without_the_fields_that_an_older_version_lacks_is_understood(Type message) => Call(nameof(UnderstandsLess), message);

    private static void Call(string check, Type message) =>
        typeof(MixedVersions).GetMethod(check, BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(message).Invoke(null, null);

    private static void Understands<T>() where T : new()
    {
        var known = Codec.Serialize(new T());
        var reader = new MessagePackReader(known);
        var count = reader.ReadArrayHeader();
        var newer = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(newer);
        writer.WriteArrayHeader(count + 2);
        writer.WriteRaw(known.AsSpan((int)reader.Consumed));
        writer.WriteMapHeader(1);
        writer.Write("a newer version's");
        writer.Write(1);
        writer.Write("field");
        writer.Flush();

        // What is known reads the same; a message that is kept (a record of the store) may carry the rest on.
        var back = new MessagePackReader(Codec.Serialize(Codec.Deserialize<T>(newer.WrittenMemory)));
        Assert.InRange(back.ReadArrayHeader(), count, count + 2);
        Assert.Equal(known[(int)reader.Consumed..], back.Sequence.Slice(back.Position).ToArray()[..(known.Length - (int)reader.Consumed)]);
    }

    private static void UnderstandsLess<T>() where T : new() =>
        Assert.Equal(Codec.Serialize(new T()), Codec.Serialize(Codec.Deserialize<T>(new byte[] { 0x90 })));
}
