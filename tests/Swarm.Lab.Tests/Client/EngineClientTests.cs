using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Swarm.Api.Client;
using ServiceSpec = Swarm.Api.Wire.ServiceSpec;

namespace Swarm.Lab.Tests.Client;

public sealed class EngineClientTests
{
    [Fact]
    public async Task A_service_is_posted_under_the_api_s_version_without_what_was_not_said()
    {
        await using var engine = await FakeEngine.AnsweringAsync(201, """{"ID":"abc","Warnings":["slow"]}""");
        var created = await engine.Client.CreateServiceAsync(new ServiceSpec { Name = "web" }, CancellationToken.None);
        Assert.Equal("abc", created.ID);
        Assert.Equal(["slow"], created.Warnings);
        Assert.Equal(("POST", "/v1.51/services/create", """{"Name":"web"}"""), Assert.Single(engine.Asked));
    }

    [Fact]
    public async Task A_refusal_carries_the_engine_s_words_and_status()
    {
        await using var engine = await FakeEngine.AnsweringAsync(409, """{"message":"rpc error: name conflicts with an existing object"}""");
        var refused = await Assert.ThrowsAsync<EngineClientException>(() => engine.Client.CreateServiceAsync(new ServiceSpec(), CancellationToken.None));
        Assert.Equal((HttpStatusCode.Conflict, "rpc error: name conflicts with an existing object"), (refused.Status, refused.Message));
    }

    [Theory]
    [InlineData("<html>", "<html>")]
    [InlineData("[1]", "[1]")]
    [InlineData("", "502 Bad Gateway")]
    public async Task A_refusal_that_is_no_docker_error_is_shown_as_it_is(string body, string message)
    {
        await using var engine = await FakeEngine.AnsweringAsync(502, body);
        var refused = await Assert.ThrowsAsync<EngineClientException>(() => engine.Client.NodesAsync(CancellationToken.None));
        Assert.Equal(message, refused.Message);
    }

    [Fact]
    public async Task Nobody_there_is_told_apart_from_a_refusal()
    {
        using var client = new EngineClient(EngineEndpoint.Parse("unix:///nonexistent/swarm.sock"));
        var thrown = await Assert.ThrowsAsync<EngineUnreachableException>(() => client.PingAsync(CancellationToken.None));
        Assert.Contains("unix:///nonexistent/swarm.sock", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Filters_are_grouped_by_key()
    {
        await using var engine = await FakeEngine.AnsweringAsync(200, "[]");
        await engine.Client.TasksAsync(CancellationToken.None, new("service", "a"), new("service", "b"), new("desired-state", "running"));
        Assert.Equal(
            """/v1.51/tasks?filters={"service":["a","b"],"desired-state":["running"]}""",
            Uri.UnescapeDataString(engine.Asked[0].PathAndQuery));
    }

    [Fact]
    public async Task Names_cannot_leave_their_place_in_the_path()
    {
        await using var engine = await FakeEngine.AnsweringAsync(404, """{"message":"no"}""");
        await Assert.ThrowsAsync<EngineClientException>(() => engine.Client.RemoveServiceAsync("../nodes/x?force=1", CancellationToken.None));
        Assert.StartsWith("/v1.51/services/", engine.Asked[0].PathAndQuery, StringComparison.Ordinal);
        Assert.DoesNotContain("?", engine.Asked[0].PathAndQuery.Replace("%3F", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_load_that_fails_after_its_200_is_a_failure()
    {
        await using var engine = await FakeEngine.AnsweringAsync(200, """{"stream":"reading"}""" + "\n" + """{"error":"no manifest.json","errorDetail":{"message":"no manifest.json"}}""");
        using var archive = new MemoryStream([1, 2, 3]);
        var refused = await Assert.ThrowsAsync<EngineClientException>(() => engine.Client.LoadImagesAsync(archive, CancellationToken.None));
        Assert.Equal("no manifest.json", refused.Message);
    }

    [Fact]
    public async Task Both_streams_of_a_log_are_told_apart_however_they_are_cut()
    {
        await using var engine = await FakeEngine.StartAsync(async context =>
        {
            context.Response.ContentType = "application/vnd.docker.multiplexed-stream";
            byte[] all = [1, 0, 0, 0, 0, 0, 0, 3, (byte)'o', (byte)'u', (byte)'t', 2, 0, 0, 0, 0, 0, 0, 3, (byte)'e', (byte)'r', (byte)'r'];
            foreach (var piece in all.Chunk(5))
            {
                await context.Response.Body.WriteAsync(piece);
                await context.Response.Body.FlushAsync();
            }
        });
        var frames = new List<string>();
        await foreach (var frame in engine.Client.LogsAsync(LogSource.Container, "c", follow: true, timestamps: false, tail: "5", CancellationToken.None))
        {
            frames.Add((frame.IsError ? "2:" : "1:") + Encoding.UTF8.GetString(frame.Payload.Span));
        }

        Assert.Equal(["1:out", "2:err"], frames);
        Assert.Equal("/v1.51/containers/c/logs?stdout=true&stderr=true&follow=true&tail=5", engine.Asked[0].PathAndQuery);
    }

    [Fact]
    public async Task A_log_that_is_not_multiplexed_is_not_guessed_at()
    {
        await using var engine = await FakeEngine.AnsweringAsync(200, "plain text that is long enough");
        await Assert.ThrowsAsync<InvalidDataException>(async () =>
        {
            await foreach (var _ in engine.Client.LogsAsync(LogSource.Service, "s", false, false, null, CancellationToken.None))
            {
            }
        });
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_unreachable_and_not_an_empty_list()
    {
        await using var engine = await FakeEngine.StartAsync(async context =>
        {
            context.Response.ContentLength = 100;
            await context.Response.WriteAsync("[");
            await context.Response.Body.FlushAsync();
            context.Abort();
        });
        await Assert.ThrowsAsync<EngineUnreachableException>(() => engine.Client.NodesAsync(CancellationToken.None));
    }
}
