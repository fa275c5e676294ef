namespace Swarm.Security.Tests;

public sealed class DataKeyFileTests : IDisposable
{
    private readonly TestFolder _disk = new();

    public void Dispose() => _disk.Dispose();

    [Fact]
    public void The_key_is_made_once_and_only_its_owner_may_read_it()
    {
        var made = DataKeyFile.LoadOrCreate(_disk.Folder);
        Assert.Equal(DataKeyFile.KeySize, made.Length);
        Assert.Contains(made, octet => octet != 0);
        Assert.Equal(made, DataKeyFile.LoadOrCreate(_disk.Folder));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_disk.Path, DataKeyFile.Name)));
    }

    [Fact]
    public void A_file_that_is_no_key_is_refused_and_left_as_it_is()
    {
        var path = Path.Combine(_disk.Path, DataKeyFile.Name);
        File.WriteAllText(path, "not a key");
        Assert.Throws<InvalidDataException>(() => DataKeyFile.LoadOrCreate(_disk.Folder));
        Assert.Equal("not a key", File.ReadAllText(path));
    }
}
