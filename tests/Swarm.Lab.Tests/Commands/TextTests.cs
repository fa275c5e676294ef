using Swarm.Api.Client;
using Swarm.Commands.Text;

namespace Swarm.Lab.Tests.Commands;

public sealed class TextTests
{
    [Theory]
    [InlineData("10s", 10_000)]
    [InlineData("1m30s", 90_000)]
    [InlineData("1.5s", 1_500)]
    [InlineData("250ms", 250)]
    [InlineData("2h", 7_200_000)]
    [InlineData("0", 0)]
    public void Go_s_durations_are_read(string text, int milliseconds)
    {
        Assert.True(HumanDuration.TryParse(text, out var duration));
        Assert.Equal(milliseconds, duration.TotalMilliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("s")]
    [InlineData("1x")]
    [InlineData("-1s")]
    [InlineData("1s ")]
    [InlineData("1..5s")]
    [InlineData("99999999999999h")]
    public void Others_are_not(string text) => Assert.False(HumanDuration.TryParse(text, out _));

    [Theory]
    [InlineData("512m", 512L << 20)]
    [InlineData("1.5g", 1536L << 20)]
    [InlineData("64KiB", 64L << 10)]
    [InlineData("100", 100)]
    [InlineData("100b", 100)]
    public void Sizes_are_binary(string text, long bytes)
    {
        Assert.True(HumanSize.TryParse(text, out var size));
        Assert.Equal(bytes, size);
    }

    [Theory]
    [InlineData("")]
    [InlineData("m")]
    [InlineData("1q")]
    [InlineData("-1m")]
    [InlineData("99999999999t")]
    public void Others_are_no_sizes(string text) => Assert.False(HumanSize.TryParse(text, out _));

    [Theory]
    [InlineData(0, "0B")]
    [InlineData(999, "999B")]
    [InlineData(4_260_000, "4.26MB")]
    public void Sizes_are_printed_in_decimal_units(long bytes, string text) => Assert.Equal(text, HumanSize.Format(bytes));

    [Theory]
    [InlineData(0, "Less than a second")]
    [InlineData(5, "5 seconds")]
    [InlineData(61, "About a minute")]
    [InlineData(150, "2 minutes")]
    [InlineData(3600, "About an hour")]
    [InlineData(3 * 86400, "3 days")]
    public void Ages_are_words(int seconds, string words) => Assert.Equal(words, HumanDuration.Words(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Columns_are_as_wide_as_their_widest_cell_and_lines_end_without_blanks()
    {
        var output = new StringWriter { NewLine = "\n" };
        var table = new TextTable("A", "B");
        table.Add("a longer cell", "");
        table.Add("…", "x");
        table.Write(output);
        Assert.Equal("A               B\na longer cell\n…               x\n", output.ToString());
    }
}
