using System.Text.Json.Serialization;

namespace Swarm.Lab.Network;

/// <summary>Which packets a cut cable loses.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CutPath>))]
public enum CutPath
{
    /// <summary>Everything.</summary>
    All,

    /// <summary>The frames of containers' networks alone (UDP to <see cref="Partition.DataPathPort"/>): managers and nodes hear each other.</summary>
    Data,

    /// <summary>All but those: containers reach each other, and nobody hears a manager.</summary>
    Control,
}
