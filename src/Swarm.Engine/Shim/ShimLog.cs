namespace Swarm.Engine.Shim;

/// <summary>Both streams of one container into one json-file.</summary>
internal sealed class ShimLog
{
    private readonly JsonFileLog _file;
    private readonly LineSplitter _stdout, _stderr;

    public ShimLog(ShimOptions options, TimeProvider time)
    {
        _file = new JsonFileLog(
            options.Log, options.LogMaximumSize, options.LogMaximumFiles, time, options.LogAttributes.Length > 0 ? File.ReadAllBytes(options.LogAttributes) : [],
            options.LogCompressor.Length > 0 ? new LogCompression(options.LogCompressor) : null);
        _stdout = new LineSplitter(_file, ShimFrameKind.Stdout);
        _stderr = new LineSplitter(_file, ShimFrameKind.Stderr);
    }

    public void Open() => _file.Open();

    public void Write(ReadOnlySpan<byte> data, ShimFrameKind stream)
    {
        (stream == ShimFrameKind.Stdout ? _stdout : _stderr).Write(data);
        _file.FlushAndRotate();
    }

    public void Finish()
    {
        _stdout.Finish();
        _stderr.Finish();
        _file.FlushAndRotate();
    }
}
