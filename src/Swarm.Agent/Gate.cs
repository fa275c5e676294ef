using System.Threading.Channels;

namespace Swarm.Agent;

/// <summary>Lets so many through at once, in the order in which they came.</summary>
internal sealed class Gate
{
    private readonly Channel<bool> _places;

    internal Gate(int width)
    {
        _places = Channel.CreateBounded<bool>(width);
        for (var i = 0; i < width; i++)
        {
            _places.Writer.TryWrite(true);
        }
    }

    internal async ValueTask<Place> EnterAsync(CancellationToken cancellation)
    {
        await _places.Reader.ReadAsync(cancellation);
        return new Place(_places.Writer);
    }

    internal readonly struct Place(ChannelWriter<bool> places) : IDisposable
    {
        public void Dispose() => places.TryWrite(true);
    }
}
