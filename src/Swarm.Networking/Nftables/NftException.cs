namespace Swarm.Networking.Nftables;

/// <summary>nft refused a transaction; nothing of it was applied.</summary>
public sealed class NftException(string message) : IOException(message);

/// <summary>nft ended or hung in the middle: whether the transaction was applied is unknown, so the caller states its whole table again.</summary>
public sealed class NftInterruptedException(string message, Exception? inner = null) : IOException(message, inner);
