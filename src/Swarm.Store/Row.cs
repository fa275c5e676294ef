namespace Swarm.Store;

/// <summary>
/// One object as a table holds it. The bytes are those that its writer put into the log (with a blank meta: that is the replica's own), and they, not
/// the record, go into snapshots: so replicas of different versions hold the same bytes, whatever of them each understands.
/// </summary>
/// <param name="Name">The name that is unique within the table, as the writer says; null where it has none.</param>
/// <param name="Body">Null: writing the record gives the same bytes, which need not be held twice.</param>
internal readonly record struct Row<T>(T Record, string? Name, byte[]? Body);
