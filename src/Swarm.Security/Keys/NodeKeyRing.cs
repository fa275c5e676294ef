namespace Swarm.Security;

/// <summary>A node's lock and all that it seals, which follow the cluster's unlock key together.</summary>
public sealed class NodeKeyRing
{
    private NodeKeyRing(NodeLock seal, NodeCredentials credentials, DataKeyFile dataKeys)
    {
        Lock = seal;
        Credentials = credentials;
        DataKeys = dataKeys;
    }

    public NodeLock Lock { get; }

    public NodeCredentials Credentials { get; }

    public DataKeyFile DataKeys { get; }

    /// <param name="seal">Not locked.</param>
    /// <param name="credentials">Sealed by the same lock.</param>
    /// <exception cref="InvalidDataException">The data keys are damaged.</exception>
    public static NodeKeyRing Open(NodeFolder folder, NodeLock seal, NodeCredentials credentials)
    {
        var ring = new NodeKeyRing(seal, credentials, DataKeyFile.LoadOrCreate(folder, seal));
        if (seal.HasOldKeys)
        {
            // A locking that a crash interrupted. Whether the data keys had been rotated is not known: once more is harmless.
            ring.SealAnew();
        }

        return ring;
    }

    /// <summary>Locks, opens or moves to another unlock key; durable when this returns.</summary>
    /// <param name="wanted">Null: open.</param>
    /// <returns>True if the node was open and is locked now: the key of its certificate lay open, so it should be renewed.</returns>
    /// <exception cref="IOException">Not durable: the files are whole, but may be the old ones.</exception>
    public bool Follow(UnlockKey? wanted)
    {
        var locked = Lock.Follow(wanted);
        if (locked || Lock.HasOldKeys)
        {
            SealAnew();
        }

        return locked;
    }

    private void SealAnew()
    {
        Credentials.Reseal();
        DataKeys.Rotate();
        Lock.ForgetOldKeys();
    }
}
