namespace Swarm.Compose.Conversion;

/// <summary>Docker's labels of stacks, by which also the docker client finds them, and ours.</summary>
public static class StackLabels
{
    public const string Namespace = "com.docker.stack.namespace";

    /// <summary>Of a service: its image as the file has it, without a digest.</summary>
    public const string Image = "com.docker.stack.image";

    /// <summary>Of a secret or config: its key in the compose file.</summary>
    public const string Key = "swarm.stack.key";

    /// <summary>Of a secret: by which its content is known again, see <see cref="Deployment.ContentMark"/>.</summary>
    public const string Mark = "swarm.stack.mark";

    /// <summary>Of a job: the digest of its spec, so that a changed one runs again.</summary>
    public const string Spec = "swarm.stack.spec";

    internal static Dictionary<string, string?> With(string stack, IReadOnlyDictionary<string, string?>? labels) =>
        new(labels ?? new Dictionary<string, string?>(), StringComparer.Ordinal) { [Namespace] = stack };
}
