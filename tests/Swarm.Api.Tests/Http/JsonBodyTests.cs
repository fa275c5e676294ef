using Swarm.Api.Http;

namespace Swarm.Api.Tests.Http;

/// <summary>The texts are those of Go's encoding/json behind Docker's "invalid JSON".</summary>
public sealed class JsonBodyTests
{
    [Theory]
    [InlineData("{", "invalid JSON: unexpected EOF")]
    [InlineData("{bad}", "invalid JSON: invalid character 'b' looking for beginning of object key string")]
    [InlineData("not json", "invalid JSON: invalid character 'o' in literal null (expecting 'u')")]
    [InlineData("aaaa", "invalid JSON: invalid character 'a' looking for beginning of value")]
    [InlineData("{\"Name\" 1}", "invalid JSON: invalid character '1' after object key")]
    [InlineData("{\"Name\":\"a\" \"b\"}", "invalid JSON: invalid character '\"' after object key:value pair")]
    [InlineData("{\"Name\":\"a\",}", "invalid JSON: invalid character '}' looking for beginning of object key string")]
    [InlineData("{\"Name\":'a'}", "invalid JSON: invalid character '\\'' looking for beginning of value")]
    [InlineData("{\"Networks\":[1 2]}", "invalid JSON: invalid character '2' after array element")]
    [InlineData("{\"Name\":\"a\\x\"}", "invalid JSON: invalid character 'x' in string escape code")]
    [InlineData("{\"Name\":\"a\nb\"}", "invalid JSON: invalid character '\\n' in string literal")]
    [InlineData("{\"Mode\":{\"Replicated\":{\"Replicas\":-}}}", "invalid JSON: invalid character '}' in numeric literal")]
    [InlineData("{\"Mode\":{\"Replicated\":{\"Replicas\":1.}}}", "invalid JSON: invalid character '}' after decimal point in numeric literal")]
    [InlineData("{} {}", "unexpected content after JSON")]
    [InlineData("", "mismatched Runtime and *Spec fields")]
    [InlineData(
        "{\"Mode\":{\"Replicated\":{\"Replicas\":-1}}}",
        "invalid JSON: json: cannot unmarshal number -1 into Go struct field ReplicatedService.Mode.Replicated.Replicas of type uint64")]
    [InlineData(
        "{\"mode\":{\"REPLICATED\":{\"replicas\":1.5}}}",
        "invalid JSON: json: cannot unmarshal number 1.5 into Go struct field ReplicatedService.Mode.Replicated.Replicas of type uint64")]
    [InlineData(
        "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":7}}}",
        "invalid JSON: json: cannot unmarshal number 7 into Go struct field ContainerSpec.TaskTemplate.ContainerSpec.Image of type string")]
    [InlineData(
        "{\"TaskTemplate\":{\"ContainerSpec\":{\"Args\":\"x\"}}}",
        "invalid JSON: json: cannot unmarshal string into Go struct field ContainerSpec.TaskTemplate.ContainerSpec.Args of type []string")]
    [InlineData(
        "{\"EndpointSpec\":{\"Ports\":[{\"TargetPort\":80},{\"TargetPort\":\"80\"}]}}",
        "invalid JSON: json: cannot unmarshal string into Go struct field PortConfig.EndpointSpec.Ports.TargetPort of type uint32")]
    [InlineData("{\"TaskTemplate\":[]}", "invalid JSON: json: cannot unmarshal array into Go struct field ServiceSpec.TaskTemplate of type swarm.TaskSpec")]
    [InlineData("[]", "invalid JSON: json: cannot unmarshal array into Go value of type swarm.ServiceSpec")]
    public async Task Broken_body_is_refused_with_gos_words(string body, string message)
    {
        await using var host = await ClusterHost.StartManagerAsync();
        Assert.Equal((400, message), await host.RefusedAsync(HttpMethod.Post, "/v1.51/services/create", body));
    }

    [Theory]
    [InlineData("text/plain", "unsupported Content-Type header (text/plain): must be 'application/json'")]
    [InlineData(null, "malformed Content-Type header (): mime: no media type")]
    public async Task Body_of_another_type_is_refused(string? contentType, string message)
    {
        await using var host = await ClusterHost.StartManagerAsync();
        Assert.Equal((400, message), await host.RefusedAsync(HttpMethod.Post, "/services/create", "{}", contentType));
    }

    [Theory]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("Application/JSON")]
    public async Task Json_is_json_however_it_is_written(string contentType)
    {
        await using var host = await ClusterHost.StartManagerAsync();
        Assert.Equal((400, "mismatched Runtime and *Spec fields"), await host.RefusedAsync(HttpMethod.Post, "/services/create", "{}", contentType));
    }

    [Fact]
    public async Task Body_of_ten_megabytes_is_refused_as_docker_refuses_it()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        var huge = new string('x', 10 << 20);
        var (status, message) = await host.RefusedAsync(HttpMethod.Post, "/services/create", "{\"Name\":\"web\",\"Labels\":{\"a\":\"" + huge + "\"},\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"busybox\"}}}");
        Assert.Equal(500, status);
        Assert.Matches(@"^rpc error: code = ResourceExhausted desc = grpc: received message larger than max \(\d+ vs\. 4194304\)$", message);
        Assert.Equal((400, "invalid JSON: invalid character 'x' looking for beginning of value"), await host.RefusedAsync(HttpMethod.Post, "/services/create", huge));
        Assert.Empty(host.Store.View.Services);
    }

    [Fact]
    public async Task Body_over_the_bound_is_refused_before_it_is_read_whole()
    {
        await using var host = await ClusterHost.StartManagerAsync();
        var (status, message) = await host.RefusedAsync(HttpMethod.Post, "/services/create", new string(' ', JsonBody.MaxLength + 1));
        Assert.Equal(413, status);
        Assert.Contains("16777216", message);
    }
}
