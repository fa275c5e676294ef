using System.Net;
using Swarm.Chaos.Workloads.Networks;

namespace Swarm.Chaos.Tests.Workloads;

public sealed class LifeBookTests
{
    private readonly Dice _dice = new(1);
    private readonly LifeBook _book = new(services: 1);

    [Fact]
    public void Names_and_ports_are_used_again_and_tokens_are_not()
    {
        for (var i = 0; i < 100; i++)
        {
            var life = _book.Begin(_dice, TimeSpan.FromSeconds(i));
            _book.Stand(life);
            Assert.Equal(life, _book.TakeStanding(_dice));
            _book.End(life, TimeSpan.FromSeconds(i + 0.5));
        }

        Assert.Equal(100, _book.Lives.DistinctBy(life => life.Token).Count());
        Assert.Equal(3, _book.Lives.DistinctBy(life => life.Name).Count());
        Assert.Equal(9, _book.Lives.DistinctBy(life => (life.Name, life.Port)).Count());
    }

    [Fact]
    public void What_nobody_is_sure_of_is_not_used_again()
    {
        var lives = Enumerable.Range(0, 10).Select(_ => _book.Begin(_dice, default)).ToList();
        Assert.Equal(10, lives.DistinctBy(life => life.Name).Count());
        Assert.Equal(10, lives.DistinctBy(life => life.Port).Count());
        Assert.Null(_book.TakeStanding(_dice));
    }

    [Fact]
    public void What_was_refused_never_was()
    {
        _book.Refused(_book.Begin(_dice, default));
        Assert.Empty(_book.Lives);
    }

    [Fact]
    public void One_that_stands_is_one_clients_to_remove()
    {
        _book.Stand(_book.Begin(_dice, default));
        Assert.NotNull(_book.TakeStanding(_dice));
        Assert.Null(_book.TakeStanding(_dice));
    }
}

public sealed class NameQuestionTests
{
    private static readonly byte[] Question = NameQuestion.Question("tasks.web", 7);

    [Fact]
    public void Addresses_are_read() => Assert.Equal(["10.0.1.5", "10.0.1.6"], NameQuestion.Read(Answer(0, "10.0.1.5", "10.0.1.6"), Question));

    [Fact]
    public void A_name_of_nobody_has_none() => Assert.Empty(NameQuestion.Read(Answer(3), Question));

    [Fact]
    public void A_refusal_is_no_answer() => Assert.Throws<IOException>(() => NameQuestion.Read(Answer(2), Question));

    [Fact]
    public void An_answer_to_another_question_is_none()
    {
        Assert.Throws<IOException>(() => NameQuestion.Read(Answer(0), NameQuestion.Question("tasks.web", 8)));
        Assert.Throws<IOException>(() => NameQuestion.Read(Answer(0), NameQuestion.Question("tasks.wed", 7)));
        Assert.Throws<IOException>(() => NameQuestion.Read(new byte[5], Question));
    }

    private static byte[] Answer(byte code, params string[] addresses)
    {
        byte[] header = [.. Question];
        (header[2], header[3], header[7]) = (0x84, code, (byte)addresses.Length);
        return [.. header, .. addresses.SelectMany(address => (byte[])[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, .. IPAddress.Parse(address).GetAddressBytes()])];
    }
}
