using System.Globalization;
using Swarm.Compose.Conversion;

namespace Swarm.Compose.Deployment;

/// <summary>A secret or config that the cluster has.</summary>
internal sealed record DeployedFile(string Id, string Name, IReadOnlyDictionary<string, string?> Labels, byte[]? Content);

/// <summary>
/// The secrets, or the configs, of a stack. The value of one never changes in a cluster: changed content is another one, named NAME.2, NAME.3 and so on,
/// which the services that use it roll over to. An earlier one is removed when no service uses it, or could be rolled back to.
/// </summary>
internal sealed class VersionedFiles(string stack, IReadOnlyList<DeployedFile> deployed)
{
    /// <summary>The longest name that a cluster takes.</summary>
    private const int MaxNameLength = 64;

    /// <summary>The one with this content, if there is one.</summary>
    internal DeployedFile? Same(StackFile file) => OfKey(file)
        .Where(one => IsStacks(one) && (one.Content is { } content ? content.AsSpan().SequenceEqual(file.Content) : ContentMark.Fits(one.Labels.GetValueOrDefault(StackLabels.Mark), file.Content)))
        .MaxBy(one => NumberOf(file, one));

    /// <summary>A name for new content.</summary>
    /// <exception cref="ComposeException">It would be too long, or somebody else has it.</exception>
    internal string NextName(StackFile file)
    {
        var known = OfKey(file).ToList();
        if (known.Find(one => !IsStacks(one)) is { } foreign)
        {
            throw new ComposeException($"{foreign.Name} is there already and not of the stack {stack}: say external: true to use it, or give another name");
        }

        var next = known.Count == 0 ? 1 : known.Max(one => NumberOf(file, one)) + 1;
        var name = next == 1 ? file.Name : string.Create(CultureInfo.InvariantCulture, $"{file.Name}.{next}");
        return name.Length <= MaxNameLength ? name : throw new ComposeException($"the name {name} is longer than {MaxNameLength} characters: give a shorter one");
    }

    private IEnumerable<DeployedFile> OfKey(StackFile file) => deployed.Where(one => NumberOf(file, one) > 0);

    private bool IsStacks(DeployedFile file) => file.Labels.GetValueOrDefault(StackLabels.Namespace) == stack;

    /// <summary>0: not a version of this one.</summary>
    private static int NumberOf(StackFile file, DeployedFile deployed)
    {
        if (deployed.Name == file.Name)
        {
            return 1;
        }

        return deployed.Name.StartsWith(file.Name + ".", StringComparison.Ordinal) && deployed.Labels.GetValueOrDefault(StackLabels.Key) == file.Key
            && int.TryParse(deployed.Name.AsSpan(file.Name.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 1 ? number : 0;
    }
}
