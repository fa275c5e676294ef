using Swarm.Rpc.Clients;
using Swarm.Rpc.Dispatch;

namespace Swarm.Rpc.Tests;

public sealed class PeerAddressBookTests : IAsyncLifetime
{
    private readonly TestCluster _cluster = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public void Addresses_survive_a_restart()
    {
        var folder = _cluster.Folder("n");
        var book = new PeerAddressBook(folder);
        book.Set("m1", "a:1");
        book.Set("m2", "b:1");
        book.Set("m1", "c:1");
        book.Remove("m2");
        Assert.Equal(new KeyValuePair<string, string>("m1", "c:1"), Assert.Single(new PeerAddressBook(folder).Addresses));
    }

    [Fact]
    public void An_empty_list_does_not_make_a_node_forget_the_managers()
    {
        var book = _cluster.Book(("m1", "a:1"));
        book.Replace([]);
        book.Replace(default);
        Assert.Equal("a:1", book.Find("m1"));
        book.Replace([new ManagerAddress { NodeId = "m2", Address = "b:1" }]);
        Assert.Null(book.Find("m1"));
        Assert.Equal("b:1", book.Find("m2"));
    }

    [Fact]
    public void A_full_book_takes_no_more_but_still_corrects()
    {
        var book = _cluster.Book();
        book.Replace([.. Enumerable.Range(0, PeerAddressBook.MaxPeers).Select(i => new ManagerAddress { NodeId = $"m{i}", Address = "a:1" })]);
        book.Set("one-more", "a:1");
        book.Set("m7", "b:1");
        Assert.Equal(PeerAddressBook.MaxPeers, book.Addresses.Count);
        Assert.Equal("b:1", book.Find("m7"));
    }

    [Fact]
    public void What_a_peer_says_of_itself_stands_until_the_store_has_something_new()
    {
        var book = _cluster.Book(("m1", "old:1"), ("m2", "old:2"));
        book.Replace(Both("old:1", "old:2"));
        book.Heard("m1", "moved:1");
        book.Hint("m1", "stale:1");
        book.Hint("m2", "told:2");
        Assert.Equal(("moved:1", "told:2"), (book.Find("m1"), book.Find("m2")));
        book.Replace(Both("old:1", "old:2"));
        Assert.Equal("moved:1", book.Find("m1"));
        book.Replace(Both("newest:1", "old:2"));
        Assert.Equal("newest:1", book.Find("m1"));

        static System.Collections.Immutable.ImmutableArray<ManagerAddress> Both(string first, string second) =>
            [new() { NodeId = "m1", Address = first }, new() { NodeId = "m2", Address = second }];
    }

    [Fact]
    public void A_peer_that_was_heard_before_the_first_list_keeps_what_it_said()
    {
        var book = _cluster.Book();
        book.Heard("m1", "moved:1");
        book.Replace([new ManagerAddress { NodeId = "m1", Address = "old:1" }]);
        Assert.Equal("moved:1", book.Find("m1"));
    }
}
