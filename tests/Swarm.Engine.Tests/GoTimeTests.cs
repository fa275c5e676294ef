using System.Text.Json;
using Swarm.Engine.Health;
using Swarm.Engine.Containers;

namespace Swarm.Engine.Tests;

public sealed class GoTimeTests
{
    [Theory]
    [InlineData("2026-11-28T22:27:49.6227023+00:00", "2026-11-28T22:27:49.6227023Z")]
    [InlineData("2026-11-28T23:27:49.6200000+01:00", "2026-11-28T22:27:49.62Z")]
    [InlineData("2026-11-28T22:27:49Z", "2026-11-28T22:27:49Z")]
    [InlineData("2026-11-28T22:27:49.123456789Z", "2026-11-28T22:27:49.1234567Z")]
    public void Times_are_written_as_Go_writes_them(string read, string written)
    {
        var options = new JsonSerializerOptions { Converters = { new GoTime() } };
        Assert.Equal($"\"{written}\"", JsonSerializer.Serialize(JsonSerializer.Deserialize<DateTimeOffset>($"\"{read}\"", options), options));
    }

    [Fact]
    public void A_probe_shows_its_times_in_UTC_with_a_Z()
    {
        var probe = new HealthProbe(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), new DateTimeOffset(2026, 1, 2, 3, 4, 6, TimeSpan.Zero), 0, "");
        var state = JsonSerializer.Serialize(new ContainerState { Health = new HealthState { Log = [probe] } }, EngineJson.Default.ContainerState);
        Assert.Contains("\"Start\":\"2026-01-02T03:04:05Z\",\"End\":\"2026-01-02T03:04:06Z\"", state, StringComparison.Ordinal);
        Assert.Equal(probe, Assert.Single(JsonSerializer.Deserialize(state, EngineJson.Default.ContainerState)!.Health!.Log));
    }
}
