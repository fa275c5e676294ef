using System.Globalization;
using System.Text;

namespace Swarm.Model.Templates;

/// <summary>What a template may say of the task that it is filled in for.</summary>
public sealed class TaskTemplate
{
    private readonly SwarmTask _task;
    private readonly Dictionary<string, object> _dot;

    public TaskTemplate(SwarmTask task, NodeDescription node)
    {
        _task = task;
        _dot = new Dictionary<string, object>
        {
            ["Service"] = new Dictionary<string, object> { ["ID"] = task.ServiceId, ["Name"] = task.ServiceName, ["Labels"] = task.ServiceLabels },
            ["Node"] = new Dictionary<string, object>
            {
                ["ID"] = task.NodeId,
                ["Hostname"] = node.Hostname,
                ["Platform"] = new Dictionary<string, object> { ["Architecture"] = node.Platform.Architecture, ["OS"] = node.Platform.Os },
            },
            ["Task"] = new Dictionary<string, object>
            {
                ["ID"] = task.Id,
                ["Name"] = task.Name,
                ["Slot"] = task.Slot == 0 ? task.NodeId : task.Slot.ToString(CultureInfo.InvariantCulture),
            },
        };
    }

    /// <exception cref="TemplateException">It cannot be read or filled in.</exception>
    public string Expand(string text) => text.Contains("{{", StringComparison.Ordinal) ? Template.Parse(text).Execute(_dot) : text;

    /// <summary>
    /// The file of a secret or config, filled in if it is a template: one may also take from the task's environment, and from the task's other secrets
    /// and configs, by their targets and as they are.
    /// </summary>
    /// <inheritdoc cref="Expand(string)"/>
    public byte[] ExpandPayload(IPayload payload, IReadOnlyDictionary<string, Secret> secrets, IReadOnlyDictionary<string, Config> configs) =>
        payload.Templating is null ? payload.Data : Encoding.UTF8.GetBytes(Template.Parse(Template.TextOf(payload.Data), Template.PayloadFunctions).Execute(
            _dot,
            new Dictionary<string, Func<string, string>>
            {
                ["env"] = Variable,
                ["secret"] = target => Value("secret", _task.Spec.Container.Secrets, secrets, target),
                ["config"] = target => Value("config", _task.Spec.Container.Configs, configs, target),
            }));

    private static string Value<T>(string kind, ImmutableArray<FileReference> references, IReadOnlyDictionary<string, T> values, string target) where T : IPayload =>
        references.FirstOrDefault(one => one.TargetPath == target) is { } reference && values.TryGetValue(reference.Id, out var value)
            ? Template.TextOf(value.Data)
            : throw new TemplateException(1, $"{kind} target {target} not found");

    private string Variable(string name) =>
        _task.Spec.Container.Env.Select(one => one.Split('=', 2)).FirstOrDefault(pair => pair.Length == 2 && pair[0] == name)?[1] ?? "";
}
