using Swarm.Manager.Membership;
using Swarm.Model;
using Swarm.Store;

namespace Swarm.Manager.Tests.Membership;

public sealed class ManagerAddressSyncTests
{
    [Fact]
    public async Task The_book_follows_the_store()
    {
        await using var managers = new ManagersFixture("self", "m2");
        managers.Start(new ManagerAddressSync(managers.Store, managers.Book).RunAsync);
        Assert.Equal("m2.example:2377", managers.Book.Find("m2"));

        await managers.CommitAsync(new StoreTransaction().Update(managers.Node("m2") with { Manager = new ManagerStatus { Address = "10.0.0.2:2377" } }));
        await managers.UntilAsync(() => managers.Book.Find("m2") == "10.0.0.2:2377", "m2 has moved");

        await managers.CommitAsync(new StoreTransaction().Update(managers.Node("m2") with { Manager = null }));
        await managers.UntilAsync(() => managers.Book.Find("m2") is null, "m2 is no manager");
    }

    [Fact]
    public async Task What_a_peer_said_of_itself_is_not_overwritten_by_an_old_store()
    {
        await using var managers = new ManagersFixture("self", "m2");
        managers.Book.Set("m2", "10.9.9.9:2377");
        managers.Start(new ManagerAddressSync(managers.Store, managers.Book).RunAsync);
        await managers.CommitAsync(new StoreTransaction().Update(managers.Node("self") with { Manager = new ManagerStatus { Address = "new:1" } }));
        await managers.UntilAsync(() => managers.Book.Find("self") == "new:1", "the change of self was seen");
        Assert.Equal("10.9.9.9:2377", managers.Book.Find("m2"));
    }
}
