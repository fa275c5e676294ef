using System.Text;
using CsCheck;
using Swarm.Engine.Archives;
using Swarm.Engine.Tests.Layers;

namespace Swarm.Engine.Tests.Archives;

public sealed class TarFormatTests
{
    private static readonly Gen<TarEntry> Entries =
        from type in Gen.Int[0, 6].Select(i => (TarEntryType)('0' + i))
        from name in Gen.Byte[1, 255].Where(b => b != 0 && b != (byte)'/').Array[1, 300]
        from link in Gen.Byte[1, 255].Array[1, 300]
        from mode in Gen.Int[0, 0xFFF]
        from uid in Gen.UInt
        from gid in Gen.UInt
        from seconds in Gen.Long[-5_000_000_000, 20_000_000_000]
        from nanoseconds in Gen.Int[0, 999_999_999]
        from value in Gen.Byte.Array[0, 200]
        let linked = type is TarEntryType.SymbolicLink or TarEntryType.HardLink
        select new TarEntry
        {
            Type = type,
            Name = name,
            LinkName = linked ? link : [],
            Mode = mode,
            Uid = uid,
            Gid = gid,
            Modified = new TarTime(seconds, nanoseconds),
            DeviceMajor = type is TarEntryType.CharacterDevice or TarEntryType.BlockDevice ? 5u : 0,
            DeviceMinor = type is TarEntryType.CharacterDevice or TarEntryType.BlockDevice ? 70_000u : 0,
            ExtendedAttributes = value.Length == 0 ? [] : [new TarAttribute("security.capability", value)],
        };

    [Fact]
    public void What_is_written_is_read_back_with_every_byte() => Entries.Array[1, 8].Sample(
        entries =>
        {
            var back = Tar.Read(Tar.Of(entries));
            Assert.Equal(entries.Length, back.Count);
            foreach (var (written, read) in entries.Zip(back))
            {
                Assert.Equal(written.Name, read.Name);
                Assert.Equal(written.LinkName, written.Type == TarEntryType.File ? [] : read.LinkName);
                Assert.Equal(
                    (written.Type, written.Mode, written.Uid, written.Gid, written.Modified, written.DeviceMajor, written.DeviceMinor),
                    (read.Type, read.Mode, read.Uid, read.Gid, read.Modified, read.DeviceMajor, read.DeviceMinor));
                Assert.Equal(written.ExtendedAttributes.Select(a => a.Value), read.ExtendedAttributes.Select(a => a.Value));
            }
        },
        iter: 300);

    [Theory]
    [InlineData("gnu")]
    [InlineData("posix")]
    [InlineData("ustar")]
    public void Archives_of_GNU_tar_are_read(string format)
    {
        using var folder = new TemporaryFolder();
        var longName = new string('d', 80) + "/" + new string('f', 90);
        Directory.CreateDirectory(folder["in/" + new string('d', 80)]);
        System.IO.File.WriteAllText(folder["in/" + longName], "deep");
        System.IO.File.CreateSymbolicLink(folder["in/link"], "target");
        Tar.Run("tar", "-C", folder["in"], $"--format={format}", "-cf", folder["a.tar"], ".");

        ArchiveExtractor.Extract(System.IO.File.OpenRead(folder["a.tar"]), folder.Make("out"));

        Assert.Equal("deep", System.IO.File.ReadAllText(folder["out/" + longName]));
        Assert.Equal("target", new FileInfo(folder["out/link"]).LinkTarget);
    }

    [Fact]
    public void GNU_tar_reads_what_the_archiver_writes()
    {
        using var folder = new TemporaryFolder();
        var name = new string('n', 180) + "-é";
        folder.Make("in/sub");
        System.IO.File.WriteAllText(folder["in/sub/" + name], "content");
        Tar.Run("ln", folder["in/sub/" + name], folder["in/hard"]);
        Tar.Run("mkfifo", "-m", "640", folder["in/pipe"]);
        System.IO.File.SetUnixFileMode(folder["in/sub"], (UnixFileMode)0x3FF);
        using (var file = System.IO.File.Create(folder["a.tar"]))
        {
            TreeArchiver.Write(folder["in"], file);
        }

        folder.Make("out");
        Tar.Run("tar", "-C", folder["out"], "-xpf", folder["a.tar"]);

        Assert.Equal("content", System.IO.File.ReadAllText(folder["out/sub/" + name]));
        var format = "%i %h %f %u";
        Assert.Equal(Tar.Run("stat", "-c", format, folder["out/hard"]), Tar.Run("stat", "-c", format, folder["out/sub/" + name]));
        Assert.Equal(Tar.Run("stat", "-c", "%f", folder["in/pipe"]), Tar.Run("stat", "-c", "%f", folder["out/pipe"]));
        Assert.Equal(Tar.Run("stat", "-c", "%f %Y", folder["in/sub"]), Tar.Run("stat", "-c", "%f %Y", folder["out/sub"]));
    }

    [Fact]
    public void File_capabilities_survive_as_bytes()
    {
        using var folder = new TemporaryFolder();
        byte[] capability = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        var entry = Tar.File("ping", "x") with { Uid = 7, ExtendedAttributes = [new TarAttribute("security.capability", capability)] };

        ArchiveExtractor.Extract(Tar.Of(entry), folder.Make("out"));

        var again = new MemoryStream();
        TreeArchiver.Write(folder["out"], again);
        again.Position = 0;
        Assert.Equal(capability, Assert.Single(Tar.Read(again)[0].ExtendedAttributes).Value);
    }

    [Fact]
    public void Truncated_archive_is_refused()
    {
        var whole = Tar.Of(Tar.File("a", new string('x', 5000))).ToArray();
        using var folder = new TemporaryFolder();
        foreach (var length in new[] { 100, 600, 5000 })
        {
            var error = Assert.Throws<InvalidDataException>(() => ArchiveExtractor.Extract(new MemoryStream(whole, 0, length), folder.Path));
            Assert.Contains("unexpected EOF", error.Message);
        }
    }

    [Fact]
    public void Huge_extended_header_is_refused_before_it_is_read()
    {
        var bytes = Tar.Of(Tar.File(new string('n', 200))).ToArray();
        Assert.Equal((byte)'x', bytes[156]);
        Encoding.ASCII.GetBytes("77777777777\0").CopyTo(bytes, 124);
        Checksum(bytes);
        Assert.Contains("extended header", Assert.Throws<InvalidDataException>(() => Tar.Read(new MemoryStream(bytes))).Message);
    }

    [Theory]
    [InlineData("99999 path=x\n")]
    [InlineData("-5 path=x\n")]
    [InlineData("5path=x\n")]
    [InlineData("10 path=xx")]
    [InlineData("11 uid=-12\n")]
    public void Malformed_PAX_record_is_refused(string record) =>
        Assert.Throws<InvalidDataException>(() => new PaxRecords().Parse(Encoding.ASCII.GetBytes(record)));

    [Fact]
    public void Base256_numbers_are_read_and_too_large_ones_refused()
    {
        var bytes = Tar.Of(Tar.Folder("d")).ToArray();
        new byte[] { 0x80, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF }.CopyTo(bytes, 108);
        Checksum(bytes);
        Assert.Equal(uint.MaxValue, Tar.Read(new MemoryStream(bytes))[0].Uid);

        new byte[] { 0x80, 0, 0, 1, 0, 0, 0, 0 }.CopyTo(bytes, 108);
        Checksum(bytes);
        Assert.Throws<InvalidDataException>(() => Tar.Read(new MemoryStream(bytes)));
    }

    [Fact]
    public void Damaged_header_is_refused()
    {
        var bytes = Tar.Of(Tar.File("a")).ToArray();
        bytes[3] ^= 0x40;
        Assert.Throws<InvalidDataException>(() => Tar.Read(new MemoryStream(bytes)));
    }

    [Fact]
    public void Archive_beyond_its_limits_is_refused()
    {
        Assert.Throws<InvalidDataException>(() => new TarReader(Tar.Of(Tar.File("a", "12345")), new TarLimits { TotalBytes = 4 }).Next());
        var reader = new TarReader(Tar.Of(Tar.File("a"), Tar.File("b")), new TarLimits { Entries = 1 });
        reader.Next();
        Assert.Throws<InvalidDataException>(() => reader.Next());
    }

    [Fact]
    public void Random_bytes_never_do_more_than_throw_InvalidData() => Gen.Byte.Array[0, 4096].Sample(
        bytes =>
        {
            try
            {
                Tar.Read(new MemoryStream(bytes));
            }
            catch (InvalidDataException)
            {
            }
        },
        iter: 500);

    private static void Checksum(byte[] block)
    {
        var sum = TarHeader.Checksum(block.AsSpan(0, 512), signed: false);
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(block, 148);
    }
}
