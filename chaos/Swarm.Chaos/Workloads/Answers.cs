using System.Net;
using Swarm.Api.Client;
using Swarm.Chaos.Histories;

namespace Swarm.Chaos.Workloads;

/// <summary>
/// What a refusal means for the question that matters: can the write still be done? Only a text that the managers give before anything was proposed, or
/// when the proposal was refused by the log itself, is a certain no; everything else is unknown. (Swarm.Manager/Control/Commits.cs,
/// Swarm.Api/Http/ErrorAnswers.cs.)
/// </summary>
public static class Answers
{
    /// <summary>With 500, Docker's status for it.</summary>
    private const string OutOfSequence = "update out of sequence";

    /// <summary>With 500.</summary>
    private const string TooLarge = "too large for the cluster's log";

    /// <summary>With 503: no leader was found to propose to, or this node is no manager.</summary>
    private static readonly string[] NotProposed = ["does not have a leader", "not a swarm manager", "needs to be unlocked"];

    public static Outcome Classify(Exception answer) => answer switch
    {
        EngineClientException refusal => Classify(refusal.Status, refusal.Message),

        // Refused by the kernel, or the socket is not there: not a byte was sent.
        EngineUnreachableException { InnerException: HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } } => Outcome.Failed,
        _ => Outcome.Unknown,
    };

    internal static Outcome Classify(HttpStatusCode status, string message) => (int)status switch
    {
        >= 400 and < 500 or 501 => Outcome.Failed,
        500 when message.Contains(OutOfSequence, StringComparison.Ordinal) || message.Contains(TooLarge, StringComparison.Ordinal) => Outcome.Failed,
        503 when NotProposed.Any(text => message.Contains(text, StringComparison.Ordinal)) => Outcome.Failed,
        _ => Outcome.Unknown,
    };
}
