using System.Security.Cryptography;

namespace Swarm.Security;

/// <summary>The key (32 random bytes) under which this node's own log and snapshots are encrypted, beside its certificate.</summary>
public static class DataKeyFile
{
    public const string Name = "raft-key";
    public const int KeySize = 32;

    /// <summary>Reads the key, or makes one that is durable when this returns: nothing may be encrypted under a key that a crash could take.</summary>
    /// <exception cref="InvalidDataException">The file is no key.</exception>
    public static byte[] LoadOrCreate(NodeFolder folder)
    {
        if (folder.Read(Name) is { } stored)
        {
            return stored.Length == KeySize ? stored : throw new InvalidDataException($"the file {Name} must hold {KeySize} bytes, but has {stored.Length}");
        }

        var key = RandomNumberGenerator.GetBytes(KeySize);
        folder.Write(Name, key);
        return key;
    }
}
