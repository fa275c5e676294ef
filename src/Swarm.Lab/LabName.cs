using System.Text.RegularExpressions;

namespace Swarm.Lab;

/// <summary>Names of labs and nodes end up in namespaces, cgroups, interfaces and socket paths, so they are short and plain.</summary>
public static partial class LabName
{
    /// <summary>IFNAMSIZ - 1: a node's link in the fabric bears the node's name (netdevice(7)).</summary>
    public const int MaxNodeLength = 15;

    /// <summary>Keeps `/run/swarm/labs/LAB/NODE/swarm.sock` well under the 108 bytes of a socket's path (unix(7)).</summary>
    public const int MaxLabLength = 24;

    /// <exception cref="LabException">Not a name that a lab may bear.</exception>
    public static string Lab(string name) => Check(name, "lab", MaxLabLength);

    /// <exception cref="LabException">Not a name that a node may bear.</exception>
    public static string Node(string name) => Check(name, "node", MaxNodeLength);

    private static string Check(string name, string what, int length) =>
        name.Length <= length && Plain().IsMatch(name) && name != Network.Fabric.BridgeName
            ? name
            : throw new LabException($"'{name}' is no name for a {what}: use 1 to {length} lower-case letters, digits and dashes, starting with a letter");

    [GeneratedRegex("^[a-z][a-z0-9-]*$")]
    private static partial Regex Plain();
}
