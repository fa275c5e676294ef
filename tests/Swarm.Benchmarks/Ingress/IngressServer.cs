namespace Swarm.Benchmarks.Ingress;

/// <summary>
/// The server of each task, run by this machine's perl, which every Debian has. It answers with its node's name, says who asked for what, and keeps a connection to
/// /hold until it has heard a word of five letters, which it says too. What comes waits in a queue that does not overflow: that of busybox's httpd holds nine, and what
/// it has no room for is sent again after a second, whoever balances.
/// </summary>
internal static class IngressServer
{
    /// <summary>Where <c>/usr</c> of the machine is.</summary>
    public const string Programs = "/host";

    /// <summary>Told to stop, it ends what it has begun.</summary>
    public const string Command =
        "trap 'sleep 5; exit 0' TERM; printf '%s' \"$SERVER\" > /server.pl; "
        + "$(ls /host/lib/*-linux-gnu*/ld-linux*.so.* | head -n 1) --library-path $(echo /host/lib/*-linux-gnu*) /host/bin/perl -I$(echo /host/lib/*-linux-gnu*/perl-base) /server.pl & wait";

    public const string Text = """
        use Socket qw(:all);
        $| = 1;
        socket(my $server, AF_INET6, SOCK_STREAM, 0) or die $!;
        setsockopt($server, IPPROTO_IPV6, IPV6_V6ONLY, 0) or die $!;
        bind($server, pack_sockaddr_in6(80, inet_pton(AF_INET6, "::"))) or die $!;
        listen($server, 1024) or die $!;
        my ($all, %clients) = ("");
        vec($all, fileno($server), 1) = 1;
        while (1) {
            next if select(my $ready = $all, undef, undef, undef) < 1;
            for my $number (grep { vec($ready, $_, 1) } 0 .. 8 * length($ready) - 1) {
                if ($number == fileno($server)) {
                    my $who = accept(my $socket, $server) or next;
                    my ($port, $address) = unpack_sockaddr_in6($who);
                    $clients{fileno($socket)} = [$socket, "", "[" . inet_ntop(AF_INET6, $address) . "]:$port", 0];
                    vec($all, fileno($socket), 1) = 1;
                    next;
                }
                my $client = $clients{$number};
                my $ends = !sysread($client->[0], $client->[1], 4096, length($client->[1]));
                if (!$client->[3] && $client->[1] =~ s/^\w+ (\S+).*?\r\n\r\n//s) {
                    print "$client->[2]: url:$1\n";
                    $client->[3] = $1 eq "/hold";
                    $ends = !$client->[3];
                    syswrite($client->[0], "HTTP/1.0 200 OK\r\n\r\n$ENV{NODE}\n");
                }
                if ($client->[3] && length($client->[1]) >= 5) {
                    syswrite($client->[0], $client->[1]);
                    $ends = 1;
                }
                if ($ends) {
                    vec($all, $number, 1) = 0;
                    close($client->[0]);
                    delete $clients{$number};
                }
            }
        }
        """;
}
