namespace Swarm.Security;

/// <summary>A node's lock and all that it seals, which follow the cluster's unlock key together.</summary>
public sealed class NodeKeyRing
{
    private readonly Lock _following = new();

    private NodeKeyRing(NodeLock seal, NodeCredentials credentials, DataKeyFile dataKeys)
    {
        Seal = seal;
        Credentials = credentials;
        DataKeys = dataKeys;
    }

    /// <summary>Raised when the node was open and is locked now: the key of its certificate lay open, so it should be renewed.</summary>
    public event Action? Locked;

    public NodeLock Seal { get; }

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
    /// <exception cref="IOException">Not durable: the files are whole, but may be the old ones.</exception>
    public void Follow(UnlockKey? wanted)
    {
        bool locked;
        lock (_following)
        {
            locked = Seal.Follow(wanted);
            if (locked || Seal.HasOldKeys)
            {
                SealAnew();
            }
        }

        if (locked)
        {
            Locked?.Invoke();
        }
    }

    private void SealAnew()
    {
        Credentials.Reseal();
        DataKeys.Rotate();
        Seal.ForgetOldKeys();
    }
}
