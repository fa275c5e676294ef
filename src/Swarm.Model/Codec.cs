using System.Buffers;
using System.Runtime.CompilerServices;
using MessagePack;
using MessagePack.Formatters;

namespace Swarm.Model;

/// <summary>
/// MessagePack for every record of ours, from formatters that Swarm.Generators writes at build time: integer keys, missing keys left at the record's
/// default, unknown keys kept by a <see cref="VersionedRecord"/> and skipped by any other, so that versions can be mixed
/// (docs/decisions/0011-how-a-format-changes.md).
/// </summary>
public static class Codec
{
    private static readonly MessagePackSerializerOptions Options =
        MessagePackSerializerOptions.Standard.WithResolver(GeneratedResolver.Instance).WithSecurity(MessagePackSecurity.UntrustedData);

    /// <summary>Bytes of memory that a thread keeps for comparing.</summary>
    private const int MaxScratch = 16 << 10;

    [ThreadStatic] private static ArrayBufferWriter<byte>? scratch;

    public static byte[] Serialize<T>(T value) => MessagePackSerializer.Serialize(value, Options);

    public static void Serialize<T>(IBufferWriter<byte> output, T value) => MessagePackSerializer.Serialize(output, value, Options);

    /// <exception cref="MessagePackSerializationException">The bytes are not a <typeparamref name="T"/>.</exception>
    public static T Deserialize<T>(ReadOnlyMemory<byte> bytes) => MessagePackSerializer.Deserialize<T>(bytes, Options);

    /// <inheritdoc cref="Deserialize{T}(ReadOnlyMemory{byte})"/>
    public static T Deserialize<T>(in ReadOnlySequence<byte> bytes) => MessagePackSerializer.Deserialize<T>(bytes, Options);

    /// <summary>Whether two records hold the same values all the way down (record equality compares collections by reference).</summary>
    public static bool Same<T>(T left, T right) =>
        ReferenceEquals(left, right) || IsWrittenAs(left, Serialize(right));

    /// <summary>Whether <see cref="Serialize{T}(T)"/> answers <paramref name="bytes"/>.</summary>
    public static bool IsWrittenAs<T>(T value, ReadOnlySpan<byte> bytes)
    {
        var output = scratch ?? new ArrayBufferWriter<byte>(MaxScratch);
        scratch = null; // one value may be asked of within another
        Serialize(output, value);
        var same = bytes.SequenceEqual(output.WrittenSpan);
        if (output.Capacity <= MaxScratch)
        {
            output.ResetWrittenCount();
            scratch = output;
        }

        return same;
    }

    /// <summary>Called by the module initializers that Swarm.Generators writes.</summary>
    public static void Register<T>(IMessagePackFormatter<T> formatter) => Cache<T>.Registered = formatter;

    /// <summary>
    /// For the generated formatters, which need those of the records within theirs; a resolver's generic virtual call costs more than the value.
    /// </summary>
    /// <exception cref="FormatterNotRegisteredException">The type is no [MessagePackObject].</exception>
    public static IMessagePackFormatter<T> FormatterOf<T>() =>
        Cache<T>.Registered ?? Find<T>() ?? throw new FormatterNotRegisteredException($"{typeof(T).FullName} has no formatter");

    /// <summary>For the generated formatters: the value of a [Shared] property, one instance for all that are equal.</summary>
    public static T? ReadShared<T>(ref MessagePackReader reader, MessagePackSerializerOptions options) where T : class =>
        SharedValues<T>.Read(ref reader, FormatterOf<T?>(), options);

    /// <summary>For the generated formatters: writes the record of a [Shared] property.</summary>
    public static void WriteShared<T>(ref MessagePackWriter writer, T? value, MessagePackSerializerOptions options) where T : class =>
        SharedValues<T>.Write(ref writer, value, FormatterOf<T?>(), options);

    private static IMessagePackFormatter<T>? Find<T>()
    {
        // Under JIT a module's initializer runs only once something in it is touched.
        RuntimeHelpers.RunModuleConstructor(typeof(T).Module.ModuleHandle);
        return Cache<T>.Registered;
    }

    private static class Cache<T>
    {
        // Strings are read by MessagePack's own, labels by ours; every other formatter registers itself.
        internal static IMessagePackFormatter<T>? Registered =
            typeof(T) == typeof(string) ? (IMessagePackFormatter<T>)(object)NullableStringFormatter.Instance
            : typeof(T) == typeof(ImmutableSortedDictionary<string, string>) ? (IMessagePackFormatter<T>)(object)LabelsFormatter.Instance
            : null;
    }

    private sealed class GeneratedResolver : IFormatterResolver
    {
        internal static readonly GeneratedResolver Instance = new();

        public IMessagePackFormatter<T>? GetFormatter<T>() => Cache<T>.Registered ?? Find<T>();
    }
}
