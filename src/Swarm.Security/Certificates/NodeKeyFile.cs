using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace Swarm.Security;

/// <summary>The file of the node's TLS key: PKCS#8, sealed by the node's lock where there is one. It may hold two keys for a moment.</summary>
internal sealed class NodeKeyFile(NodeFolder folder, NodeLock? seal)
{
    private const string PlainLabel = "PRIVATE KEY";
    private const string SealedLabel = "SEALED SWARM NODE KEY";
    private const string Purpose = "TLS key";

    internal static string ToPem(byte[] pkcs8) => PemEncoding.WriteString(PlainLabel, pkcs8) + "\n";

    /// <summary>The keys (PKCS#8 DER) that can be opened, newest first. Plain ones are what a version before locks wrote.</summary>
    internal ImmutableArray<byte[]> Read()
    {
        ReadOnlySpan<char> text = Encoding.UTF8.GetString(folder.Read(NodeCredentials.KeyFile) ?? []);
        var keys = ImmutableArray.CreateBuilder<byte[]>();
        while (PemEncoding.TryFind(text, out var fields))
        {
            var content = Convert.FromBase64String(text[fields.Base64Data].ToString());
            var key = text[fields.Label] switch
            {
                PlainLabel => content,
                SealedLabel => seal?.Open(Purpose, content),
                _ => null,
            };
            if (key is not null)
            {
                keys.Add(key);
            }

            text = text[fields.Location.End..];
        }

        return keys.ToImmutable();
    }

    internal void Write(ImmutableArray<byte[]> keys) => folder.Write(
        NodeCredentials.KeyFile,
        Encoding.UTF8.GetBytes(string.Concat(keys.Select(key => seal is null ? ToPem(key) : PemEncoding.WriteString(SealedLabel, seal.Seal(Purpose, key)) + "\n"))));
}
