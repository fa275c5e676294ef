using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Swarm.Engine;
using Swarm.Linux;
using Swarm.Manager.Control;
using Swarm.Store;

namespace Swarm.Api.Http;

/// <summary>Turns what an endpoint throws into Docker's {"message": ...} and its status.</summary>
internal sealed partial class ErrorAnswers(ILogger<ErrorAnswers> logger)
{
    internal async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context).ConfigureAwait(false);
        }
        catch (Exception e) when (context.Features.Get<HijackConnection>() is { IsTaken: true })
        {
            // There is no answer to write any more: the connection is the session's, and ends with it.
            if (e is IOException or OperationCanceledException)
            {
                ClientLeft(e, context.Request.Method, context.Request.Path);
            }
            else
            {
                BrokenOff(e, context.Request.Method, context.Request.Path);
            }
        }
        catch (Exception e) when (context.RequestAborted.IsCancellationRequested)
        {
            ClientLeft(e, context.Request.Method, context.Request.Path);
        }
        catch (Exception e)
        {
            var status = StatusOf(e);
            if (e is EngineException or ControlException || LinuxError.IsNoSpace(e))
            {
                Refused(context.Request.Method, context.Request.Path, status, MessageOf(e));
            }
            else if (status == StatusCodes.Status500InternalServerError)
            {
                Failed(e, context.Request.Method, context.Request.Path);
            }

            if (context.Response.HasStarted)
            {
                // The status line is gone: only a broken connection tells the client that the stream is not whole.
                BrokenOff(e, context.Request.Method, context.Request.Path);
                context.Abort();
                return;
            }

            await context.AnswerErrorAsync(status, MessageOf(e)).ConfigureAwait(false);
        }
    }

    private static int StatusOf(Exception e) => e switch
    {
        EngineException engine => engine.Status,
        ControlException control => control.Status,
        NoLeaderException => StatusCodes.Status503ServiceUnavailable,
        BadHttpRequestException bad => bad.StatusCode,

        // Kestrel has no exception of its own for a chunk whose size is no number.
        IOException { InnerException: OverflowException } => StatusCodes.Status400BadRequest,
        _ => StatusCodes.Status500InternalServerError,
    };

    private static string MessageOf(Exception e) => e switch
    {
        NoLeaderException => $"rpc error: code = Unknown desc = {e.Message}",
        _ => DiskFull.Text(e),
    };
}
