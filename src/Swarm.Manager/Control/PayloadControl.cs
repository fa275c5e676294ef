using System.Text.RegularExpressions;
using Swarm.Model;
using Swarm.Model.Templates;
using Swarm.Store;

namespace Swarm.Manager.Control;

/// <summary>What users do to secrets, or to configs: each call is one transaction, refused with Docker's texts.</summary>
public sealed partial class PayloadControl(IObjectStore store, IdSource ids, PayloadKind kind)
{
    private const int MaxNameLength = 64;

    /// <summary>The one language of templates.</summary>
    private const string Golang = "golang";

    /// <summary>Answers the new id.</summary>
    /// <exception cref="ControlException">Refused.</exception>
    public Task<string> CreateAsync(PayloadSpec spec, CancellationToken cancellation)
    {
        Check(spec);
        return store.CommitAsync(
            view =>
            {
                if (kind.FindByName(view, spec.Annotations.Name) is not null)
                {
                    throw NameTaken(spec);
                }

                var record = kind.New(ids.NextId(), spec);
                return (new StoreTransaction().Create(record), record.Id);
            },
            () => NameTaken(spec),
            cancellation);
    }

    /// <summary>Labels only: a value never changes.</summary>
    /// <param name="version">The version that the user decided on.</param>
    /// <param name="data">Null: not given, which is not the same as empty.</param>
    /// <exception cref="ControlException">Refused.</exception>
    public Task UpdateAsync(string idOrName, long version, Annotations annotations, byte[]? data, CancellationToken cancellation) => store.CommitAsync(
        view =>
        {
            var record = view.Payload(kind, idOrName);
            if (record.Annotations.Name != annotations.Name || (data is not null && !data.AsSpan().SequenceEqual(record.Data)))
            {
                throw ControlException.Invalid("only updates to Labels are allowed");
            }

            Commits.EnsureVersion(record.Meta.Version, version);
            var updated = record.WithAnnotations(record.Annotations with { Labels = annotations.Labels });
            return (new StoreTransaction().Update(updated), updated);
        },
        nameTaken: null,
        cancellation);

    /// <exception cref="ControlException">There is no such object, or services name it.</exception>
    public Task RemoveAsync(string idOrName, CancellationToken cancellation) => store.CommitAsync(
        view =>
        {
            var record = view.Payload(kind, idOrName);
            var users = view.Services.Where(one => !one.PendingDelete && kind.References(one.Spec.Task.Container).Any(reference => reference.Id == record.Id))
                .Select(one => one.Spec.Annotations.Name).ToList();
            if (users.Count > 0)
            {
                throw ControlException.Invalid(
                    $"{kind.Name} '{record.Annotations.Name}' is in use by the following service{(users.Count == 1 ? "" : "s")}: {string.Join(", ", users)}");
            }

            return (new StoreTransaction().Delete(record), record);
        },
        nameTaken: null,
        cancellation);

    [GeneratedRegex(@"^[a-zA-Z0-9]+(?:[a-zA-Z0-9\-_.]*[a-zA-Z0-9])?\z", RegexOptions.NonBacktracking)]
    private static partial Regex Name();

    private void Check(PayloadSpec spec)
    {
        var name = spec.Annotations.Name;
        if (name.Length == 0)
        {
            throw ControlException.Invalid("name must be provided");
        }

        if (name.Length > MaxNameLength || !Name().IsMatch(name))
        {
            throw ControlException.Invalid("invalid name, only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end character must be [a-zA-Z0-9]");
        }

        if (spec.Driver is not null)
        {
            throw ControlException.NotBuilt($"{kind.Name} {name}: drivers need plugins, which are not built in this version. Leave the driver out and give the value itself");
        }

        if (spec.Data.Length == 0 || spec.Data.Length >= kind.MaxSize)
        {
            throw ControlException.Invalid($"{kind.Name} data must be larger than 0 and less than {kind.MaxSize} bytes");
        }

        if (spec.Templating is { } templating)
        {
            CheckTemplate(name, templating.Name, spec.Data);
        }
    }

    /// <summary>Here, where the user can mend it; Docker's tasks fail on their nodes.</summary>
    private void CheckTemplate(string name, string language, byte[] data)
    {
        if (language != Golang)
        {
            throw ControlException.Invalid($"{kind.Name} {name}: there is no template driver \"{language}\": it can only be {Golang}");
        }

        try
        {
            Template.Parse(Template.TextOf(data), Template.PayloadFunctions);
        }
        catch (TemplateException e)
        {
            throw ControlException.Invalid($"{kind.Name} {name}: {e.Message}");
        }
    }

    private ControlException NameTaken(PayloadSpec spec) => ControlException.Exists($"{kind.Name} {spec.Annotations.Name} already exists");
}
