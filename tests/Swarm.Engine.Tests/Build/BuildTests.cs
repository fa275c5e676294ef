using Swarm.Engine.Build;
using Swarm.Engine.Images;

namespace Swarm.Engine.Tests.Build;

public sealed class BuildTests
{
    [Fact]
    public async Task A_build_runs_copies_and_configures()
    {
        using var room = await BuildRoom.OpenAsync();
        room.File("src/a.txt", "hello", mode: 0x1A0).File("src/sub/b", "deep").Link("src/link", "a.txt");
        var image = await room.BuildAsync(
            """
            ARG base=busybox
            FROM $base
            ENV greeting="good day" other=$nothing
            ARG who=world
            RUN echo "$greeting $who" > /said
            WORKDIR /app
            WORKDIR data
            COPY src/ ./
            LABEL a.b="c d"
            EXPOSE 80 53/udp
            VOLUME ["/v"]
            USER 1000:1000
            STOPSIGNAL SIGQUIT
            HEALTHCHECK --interval=5s --retries=2 CMD true
            ENTRYPOINT ["/bin/sh"]
            CMD ["-c", "true"]
            """,
            new BuildOptions { Tags = ["built:1", "localhost:5000/built"], Arguments = new Dictionary<string, string?> { ["who"] = "you", ["unknown"] = "x" } });

        Assert.Equal("built:1 localhost:5000/built:latest", string.Join(' ', image.RepoTags));
        Assert.Equal("good day you", room.Ask(image, "cat /said"));
        Assert.Equal("hello deep a.txt 640 0:0", room.Ask(image, "cd /app/data; echo $(cat a.txt) $(cat sub/b) $(readlink link) $(stat -c '%a %u:%g' a.txt)"));
        Assert.Equal("/bin/sh", string.Join(' ', image.Config.Entrypoint));
        Assert.Equal("-c true", string.Join(' ', image.Config.Cmd));
        Assert.Equal("/app/data", image.Config.WorkingDir);
        Assert.Equal("1000:1000", image.Config.User);
        Assert.Equal("SIGQUIT", image.Config.StopSignal);
        Assert.Equal("c d", image.Config.Labels["a.b"]);
        Assert.Equal("53/udp 80/tcp", string.Join(' ', image.Config.ExposedPorts));
        Assert.Equal("/v", string.Join(' ', image.Config.Volumes));
        Assert.Contains("greeting=good day", image.Config.Env);
        Assert.Contains("other=", image.Config.Env);
        Assert.Contains("Step 1/16 : ARG base=busybox\nStep 2/16 : FROM $base\n ---> ", room.Said.ToString());
        Assert.Contains("[Warning] One or more build-args [unknown] were not consumed\nSuccessfully built ", room.Said.ToString());
        Assert.EndsWith("Successfully tagged built:1\nSuccessfully tagged localhost:5000/built:latest\n", room.Said.ToString());
        Assert.Empty(room.Left);
        Assert.Contains("|1 who=you /bin/sh -c echo \"$greeting $who\" > /said", room.Images.Images.History("built:1").Select(step => step.CreatedBy));
    }

    [Fact]
    public async Task The_cache_knows_content_but_not_times()
    {
        using var room = await BuildRoom.OpenAsync();
        const string dockerfile = "FROM busybox\nCOPY f /f\nRUN cat /f > /g\n";
        var first = await room.File("f", "one", time: 5).BuildAsync(dockerfile);
        room.Forget();
        var same = await room.File("f", "one", time: 99).BuildAsync(dockerfile);
        Assert.Equal(first.Id, same.Id);
        Assert.Empty(room.Ran);
        Assert.Equal(2, room.Said.ToString().Split(" ---> Using cache\n").Length - 1);

        room.Forget();
        var other = await room.File("f", "two", time: 5).BuildAsync(dockerfile);
        Assert.Equal("two", room.Ask(other, "cat /g"));
        room.Forget();
        var mode = await room.File("f", "two", mode: 0x1ED).BuildAsync(dockerfile);
        Assert.NotEqual(other.Id, mode.Id);
        room.Forget();
        Assert.NotEqual(mode.Id, (await room.File("f", "two", mode: 0x1ED).BuildAsync(dockerfile, new BuildOptions { NoCache = true })).Id);
        Assert.Single(room.Ran);
    }

    [Fact]
    public async Task An_argument_is_part_of_the_cache_only_where_it_is_declared()
    {
        using var room = await BuildRoom.OpenAsync();
        const string dockerfile = "FROM busybox\nRUN echo before\nARG x\nRUN echo $x > /x\n";
        var one = await room.BuildAsync(dockerfile, new BuildOptions { Arguments = new Dictionary<string, string?> { ["x"] = "1" } });
        room.Forget();
        var two = await room.BuildAsync(dockerfile, new BuildOptions { Arguments = new Dictionary<string, string?> { ["x"] = "2" } });
        Assert.Equal(("1", "2"), (room.Ask(one, "cat /x"), room.Ask(two, "cat /x")));
        Assert.Single(room.Ran);
    }

    [Fact]
    public async Task Given_cache_sources_are_the_only_ones()
    {
        using var room = await BuildRoom.OpenAsync();
        const string dockerfile = "FROM busybox\nRUN touch /a\nRUN touch /b\n";
        var first = await room.BuildAsync(dockerfile, new BuildOptions { Tags = ["source"] });
        room.Forget();
        Assert.Equal(first.Id, (await room.BuildAsync(dockerfile, new BuildOptions { CacheFrom = ["source"] })).Id);
        room.Forget();
        await room.BuildAsync(dockerfile, new BuildOptions { CacheFrom = ["nosuch"] });
        Assert.Equal(2, room.Ran.Count);
    }

    [Fact]
    public async Task Stages_copy_from_each_other()
    {
        using var room = await BuildRoom.OpenAsync();
        var image = await room.BuildAsync(
            """
            FROM busybox AS one
            RUN mkdir -p /out/d && echo 1 > /out/d/f && chown 5:5 /out/d/f && ln /out/d/f /out/hard
            FROM busybox AS two
            RUN echo 2 > /two
            FROM scratch
            COPY --from=busybox /bin /bin
            COPY --from=one /out /out
            COPY --from=1 --chown=7:8 --chmod=600 /two /a/b/
            """);
        Assert.Equal("1 2 0:0 600 7:8 same", room.Ask(
            image, "echo $(cat /out/hard) $(cat /a/b/two) $(stat -c %u:%g /out/d/f) $(stat -c '%a %u:%g' /a/b/two) $([ /out/d/f -ef /out/hard ] && echo same)"));
        Assert.Empty(room.Left);
    }

    [Fact]
    public async Task A_target_ends_the_build()
    {
        using var room = await BuildRoom.OpenAsync();
        var image = await room.BuildAsync("FROM busybox AS one\nRUN touch /one\nFROM one\nRUN false\n", new BuildOptions { Target = "one" });
        Assert.Equal("/one", room.Ask(image, "ls /one"));
        Assert.Equal("failed to reach build target no in Dockerfile", (await room.RefusedAsync("FROM busybox", new BuildOptions { Target = "no" })).Message);
    }

    [Fact]
    public async Task Triggers_run_in_the_image_above()
    {
        using var room = await BuildRoom.OpenAsync();
        await room.BuildAsync("FROM busybox\nONBUILD COPY f /f\nONBUILD RUN cat /f > /g\n", new BuildOptions { Tags = ["parent"] });
        room.Forget();
        var image = await room.File("f", "triggered").BuildAsync("FROM parent\n");
        Assert.Contains("# Executing 2 build triggers\n", room.Said.ToString());
        Assert.Equal("triggered", room.Ask(image, "cat /g"));
        room.Forget();
        await room.BuildAsync($"FROM {image.Id}\nRUN true\n");
        Assert.DoesNotContain("trigger", room.Said.ToString());
    }

    [Fact]
    public async Task Here_documents_are_scripts_and_files()
    {
        using var room = await BuildRoom.OpenAsync();
        var image = await room.BuildAsync(
            "FROM busybox\nENV v=1\nRUN <<E\necho a > /a\necho $v >> /a\nE\nRUN cat > /b <<E\nb\nE\nCOPY <<c <<\"d\" /files/\n$v\nc\n$v\nd\n");
        Assert.Equal("a\n1\nb\n1\n$v", room.Ask(image, "cat /a /b /files/c /files/d"));
    }

    [Fact]
    public async Task Add_unpacks_archives_and_patterns_choose()
    {
        using var room = await BuildRoom.OpenAsync();
        using var archive = new MemoryStream();
        var writer = new Swarm.Engine.Archives.TarWriter(archive);
        writer.Write(new Swarm.Engine.Archives.TarEntry { Type = Swarm.Engine.Archives.TarEntryType.File, Name = "in/x"u8.ToArray(), Mode = 0x1A4, Uid = 9, Gid = 9 }, "packed"u8);
        writer.Finish();
        room.File("a.tar", System.Text.Encoding.Latin1.GetString(archive.ToArray())).File("1.txt", "1").File("2.txt", "2").File("3.md", "3").File("d/4.txt", "4");
        var image = await room.BuildAsync("FROM busybox\nADD a.tar /t/\nCOPY *.txt d/?.txt /c/\nCOPY a.tar /plain\n");
        Assert.Equal("packed 9:9 1.txt 2.txt 4.txt f", room.Ask(
            image, "echo $(cat /t/in/x) $(stat -c %u:%g /t/in/x) $(ls /c) $([ -f /plain ] && echo f)"));
    }

    [Theory]
    [InlineData("COPY nothing /", "COPY failed: file not found in build context or excluded by .dockerignore: stat nothing: file does not exist")]
    [InlineData("COPY ../x /", "COPY failed: forbidden path outside the build context: ../x ()")]
    [InlineData("COPY *.no /", "COPY failed: no source files were specified")]
    [InlineData("COPY f g /file", "When using COPY with more than one source file, the destination must be a directory and end with a /")]
    [InlineData("COPY http://localhost/x /", "COPY failed: source can't be a URL for COPY")]
    [InlineData("COPY --chmod=9 f /", "invalid chmod parameter: '9'. it should be octal string and between 0 and 07777")]
    [InlineData("RUN --mount=type=cache,target=/x true", "the --mount option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ to learn how to build images with BuildKit enabled")]
    [InlineData("COPY f /bin/busybox/x", "cannot copy to non-directory: /bin/busybox")]
    public async Task What_cannot_be_is_refused(string instruction, string message)
    {
        using var room = await BuildRoom.OpenAsync();
        var images = room.Images.Images.List().Count;
        Assert.Equal(message, (await room.File("f", "f").File("g", "g").RefusedAsync($"FROM busybox\n{instruction}\n")).Message);
        Assert.Equal(images, room.Images.Images.List().Count);
        Assert.Empty(Directory.EnumerateFileSystemEntries(room.Images.Folder["build"]));
    }

    [Fact]
    public async Task No_link_leads_out_of_the_context_or_of_the_image()
    {
        using var room = await BuildRoom.OpenAsync();
        var secret = room.Images.Folder["secret"];
        System.IO.File.WriteAllText(secret, "secret");
        room.Link("abs", secret).Link("up", "../../../../../../../../../../../.." + secret).Link("dir", "/").File("f", "mine");
        foreach (var name in new[] { "abs", "up", "dir" + secret })
        {
            Assert.StartsWith("COPY failed: file not found", (await room.RefusedAsync($"FROM busybox\nCOPY {name} /x\n")).Message);
        }

        // In the image the link leads to the image's own file of that name, not to the host's.
        var image = await room.BuildAsync($"FROM busybox\nRUN ln -s {room.Images.Folder[""]} /out\nCOPY f /out/secret2\n");
        Assert.False(System.IO.File.Exists(room.Images.Folder["secret2"]));
        Assert.Equal("mine", room.Ask(image, $"cat {room.Images.Folder["secret2"]}"));
        Assert.Equal("secret", System.IO.File.ReadAllText(secret));
    }

    [Fact]
    public async Task A_failed_command_ends_the_build_with_its_status()
    {
        using var room = await BuildRoom.OpenAsync();
        var error = await Assert.ThrowsAsync<BuildFailedException>(
            () => room.BuildAsync("FROM busybox\nRUN exit 3\n", new BuildOptions { ForceRemove = true }));
        Assert.Equal((3, "The command '/bin/sh -c exit 3' returned a non-zero code: 3"), (error.Code, error.Message));
        Assert.Empty(room.Left);
        await Assert.ThrowsAsync<BuildFailedException>(() => room.BuildAsync("FROM busybox\nRUN exit 4\n"));
        Assert.Single(room.Left);
    }

    [Fact]
    public async Task Removing_an_image_takes_the_steps_below_and_no_more()
    {
        using var room = await BuildRoom.OpenAsync();
        await room.BuildAsync("FROM busybox\nRUN touch /a\nRUN touch /b\n", new BuildOptions { Tags = ["one"] });
        await room.BuildAsync("FROM busybox\nRUN touch /a\nRUN touch /c\n", new BuildOptions { Tags = ["two"] });
        Assert.Equal(4, room.Images.Images.List().Count);
        room.Images.Images.Remove("one", false, true, room.Images);
        Assert.Equal(3, room.Images.Images.List().Count);
        await room.Images.RestartAsync();
        room.Images.Images.Remove("two", false, true, room.Images);
        Assert.Equal("busybox:latest", string.Join(' ', Assert.Single(room.Images.Images.List()).RepoTags));
        Assert.Contains("dependent child images", Assert.Throws<EngineException>(() =>
        {
            room.BuildAsync("FROM busybox\nRUN touch /a\n").GetAwaiter().GetResult();
            room.Images.Images.Remove(room.Images.Images.Find("busybox")!.Id, true, true, room.Images);
        }).Message);
    }

    [Fact]
    public async Task A_stage_that_fails_is_told_after_those_before_it()
    {
        using var room = await BuildRoom.OpenAsync();
        await Assert.ThrowsAsync<BuildFailedException>(() => room.BuildAsync("FROM busybox AS a\nRUN echo first\nFROM busybox AS b\nRUN exit 1\nFROM busybox\nRUN echo third\n"));
        Assert.Contains("first\n", room.Said.ToString());
        Assert.DoesNotContain("third\n ", room.Said.ToString());
    }
}
