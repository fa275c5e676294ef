using System.Globalization;
using Microsoft.AspNetCore.Http;
using Swarm.Engine;

namespace Swarm.Api.Http;

/// <summary>Query values, read as Docker reads them.</summary>
public static class Query
{
    /// <summary>Everything but nothing, 0, no, false and none is true.</summary>
    public static bool QueryBool(this HttpContext context, string name, bool fallback = false) => context.Request.Query.ContainsKey(name)
        ? context.QueryString(name).Trim().ToLowerInvariant() is not ("" or "0" or "no" or "false" or "none")
        : fallback;

    /// <summary>The value, the first if there are several, or empty.</summary>
    public static string QueryString(this HttpContext context, string name) => context.Request.Query[name] is [{ } first, ..] ? first : "";

    /// <summary>Every value of a parameter that may repeat.</summary>
    public static IReadOnlyList<string> QueryStrings(this HttpContext context, string name) =>
        [.. context.Request.Query[name].Where(value => !string.IsNullOrEmpty(value)).Select(value => value!)];

    /// <exception cref="EngineException">400: not a number.</exception>
    public static long? QueryInt(this HttpContext context, string name)
    {
        var text = context.QueryString(name);
        if (text.Length == 0)
        {
            return null;
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw EngineException.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax");
    }

    /// <summary>The object's version that an update was decided on.</summary>
    /// <param name="kind">What is updated, for the refusal.</param>
    /// <exception cref="EngineException">400: absent or not a number.</exception>
    public static long QueryVersion(this HttpContext context, string kind)
    {
        var text = context.QueryString("version");
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? version
            : throw EngineException.BadRequest($"invalid {kind} version '{text}': strconv.ParseUint: parsing \"{text}\": invalid syntax");
    }

    /// <summary>A truth value of the newer kind, which refuses what it does not know (Go's ParseBool).</summary>
    /// <exception cref="EngineException">400.</exception>
    public static bool QueryParsedBool(this HttpContext context, string name) => context.QueryString(name) switch
    {
        "" or "0" or "f" or "F" or "FALSE" or "false" or "False" => false,
        "1" or "t" or "T" or "TRUE" or "true" or "True" => true,
        var other => throw EngineException.BadRequest($"invalid value for {name}: {other}"),
    };

    /// <summary>A segment of the route, such as {id}.</summary>
    public static string RouteString(this HttpContext context, string name) => context.Request.RouteValues[name] as string ?? "";

    /// <summary>The API version that the client asked for.</summary>
    public static ApiVersion ApiVersion(this HttpContext context) => VersionPrefix.Of(context);
}
