using System.Text;
using System.Text.Json.Serialization;
using Swarm.Registry;

namespace Swarm.Engine.Layers;

/// <summary>An unpacked layer.</summary>
/// <param name="ChainId">What it is with everything below it.</param>
/// <param name="Size">Bytes of file content.</param>
/// <param name="Path">Its folder, in overlayfs' form.</param>
public sealed record Layer(Digest ChainId, Digest DiffId, long Size, string Path);

/// <summary>Names of stacks of layers (OCI image-spec, config.md, "Layer ChainID").</summary>
public static class ChainId
{
    /// <summary>The chain id of each layer, lowest first.</summary>
    public static IReadOnlyList<Digest> Of(IEnumerable<Digest> diffIds)
    {
        var chain = new List<Digest>();
        foreach (var diffId in diffIds)
        {
            chain.Add(chain.Count == 0 ? diffId : Digest.Of(Encoding.ASCII.GetBytes($"{chain[^1]} {diffId}")));
        }

        return chain;
    }
}

/// <summary>layer.json beside an unpacked layer.</summary>
internal sealed record LayerFile(string DiffId, long Size);

/// <summary>lower.json beside a container's writable layer: chain ids, lowest first.</summary>
internal sealed record LowerFile(string[] Layers);

[JsonSerializable(typeof(LayerFile))]
[JsonSerializable(typeof(LowerFile))]
internal sealed partial class LayerJson : JsonSerializerContext;
