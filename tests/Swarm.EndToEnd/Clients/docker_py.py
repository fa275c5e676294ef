"""What users of docker-py do with a daemon, once each; runs with docker-py 5 and 7.

DOCKER_HOST names the daemon, which has an image "box" of busybox and is in no swarm. Ends with 0 if all of it went well.
"""
import datetime
import io
import os
import socket
import tarfile
import time

import docker
from docker.errors import APIError, BuildError, ContainerError, ImageLoadError, ImageNotFound, NotFound
from docker.utils.socket import frames_iter

LIMIT = 60
client = docker.DockerClient(base_url=os.environ["DOCKER_HOST"], version="auto", timeout=LIMIT)


def archive(**files):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    made.seek(0)
    return made


def until(what, ask):
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        if ask():
            return
        time.sleep(0.05)
    raise AssertionError("not within %s s: %s" % (LIMIT, what))


def refused(error, call):
    try:
        call()
    except error:
        return
    raise AssertionError("no %s" % error.__name__)


def sleeper(**options):
    return client.containers.run("box", ["sleep", "1000"], detach=True, **options)


def the_daemon():
    assert client.ping()
    assert client.version()["ApiVersion"] == client.api.api_version
    assert client.info()["OSType"] == "linux"
    assert "Volumes" in client.df()


def containers():
    short = client.containers.create("box", ["sh", "-c", "echo out; echo err >&2; exit 3"], name="short", labels={"of": "test"})
    assert short.status == "created"
    short.start()
    assert short.wait()["StatusCode"] == 3
    assert short.logs(stderr=False) == b"out\n"
    assert short.logs(stdout=False) == b"err\n"
    assert [c.name for c in client.containers.list(all=True, filters={"label": "of=test", "status": "exited"})] == ["short"]
    short.rename("renamed")
    short.reload()
    assert (short.name, short.attrs["State"]["ExitCode"]) == ("renamed", 3)
    short.remove()
    refused(NotFound, lambda: client.containers.get("renamed"))
    assert client.containers.run("box", ["echo", "hi"], remove=True) == b"hi\n"
    refused(ContainerError, lambda: client.containers.run("box", ["sh", "-c", "exit 4"], remove=True))
    refused(ImageNotFound, lambda: client.containers.create("nosuchimage:1", ["true"]))


def a_running_container():
    c = sleeper()
    assert c.top()["Processes"]
    assert c.stats(stream=False)["memory_stats"]["usage"] > 0
    assert next(c.stats(decode=True))["id"] == c.id
    c.pause()
    c.reload()
    assert c.status == "paused"
    c.unpause()
    c.update(mem_limit="64m", memswap_limit="64m")
    c.reload()
    assert c.attrs["HostConfig"]["Memory"] == 64 << 20
    c.restart(timeout=0)
    c.kill()
    assert c.wait()["StatusCode"] == 137
    c.remove()


def execs():
    c = sleeper()
    code, (out, err) = c.exec_run(["sh", "-c", "echo a; echo b >&2; exit 5"], demux=True)
    assert (code, out, err) == (5, b"a\n", b"b\n")
    assert b"".join(c.exec_run(["echo", "streamed"], stream=True).output) == b"streamed\n"
    made = client.api.exec_create(c.id, ["sh"], stdin=True, tty=True)
    shell = client.api.exec_start(made["Id"], tty=True, socket=True)
    client.api.exec_resize(made["Id"], height=40, width=120)
    shell._sock.sendall(b"echo $((6*7)); exit 7\n")
    assert b"42\r\n" in b"".join(chunk for _, chunk in frames_iter(shell, tty=True))
    shell.close()
    assert client.api.exec_inspect(made["Id"])["ExitCode"] == 7
    c.remove(force=True)


def attached_input():
    c = client.containers.create("box", ["sh", "-c", "cat; echo end >&2"], stdin_open=True)
    stream = c.attach_socket(params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
    c.start()
    stream._sock.sendall(b"all of me\n")
    stream._sock.shutdown(socket.SHUT_WR)
    assert sorted(frames_iter(stream, tty=False)) == [(1, b"all of me\n"), (2, b"end\n")]
    stream.close()
    assert c.wait()["StatusCode"] == 0
    c.remove()


def files():
    c = client.containers.create("box", ["cat", "/given"])
    assert c.put_archive("/", archive(given="a file"))
    chunks, stat = c.get_archive("/given")
    assert (stat["name"], stat["size"]) == ("given", 6)
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        assert tar.extractfile("given").read() == b"a file"
    assert {"Path": "/given", "Kind": 1} in c.diff()
    refused(NotFound, lambda: c.get_archive("/nothing"))
    made = c.commit("committed", "1")
    assert client.containers.run("committed:1", remove=True) == b"a file"
    assert sum(map(len, c.export())) > 1000
    c.remove()
    client.images.remove(made.id, force=True)
    for _ in range(10):
        ends = client.containers.run("box", ["sh", "-c", ":"], detach=True)
        client.images.remove(ends.commit("ending").id, force=True)
        ends.remove(force=True)


def builds():
    context = archive(Dockerfile="FROM box\nARG who\nCOPY given /in\nRUN cat /in > /out && echo $who >> /out\nCMD [\"cat\", \"/out\"]\n", given="of ")
    image, said = client.images.build(fileobj=context, custom_context=True, tag="built:1", buildargs={"who": "me"}, labels={"made": "here"})
    assert any("Successfully built" in line.get("stream", "") for line in said)
    assert image.labels == {"made": "here"} and image.tags == ["built:1"]
    assert client.containers.run("built:1", remove=True) == b"of me\n"
    client.images.remove("built:1")
    refused(BuildError, lambda: client.images.build(fileobj=io.BytesIO(b"FROM box\nRUN exit 3\n"), rm=True))


def images():
    box = client.images.get("box")
    assert box.tag("localhost:1/other", "Tag1")
    assert "localhost:1/other:Tag1" in client.images.get(box.id).tags
    assert box.id in [image.id for image in client.images.list("localhost:1/other")]
    assert box.history()
    saved = b"".join(client.images.get("localhost:1/other:Tag1").save(named="localhost:1/other:Tag1"))
    client.images.remove("localhost:1/other:Tag1")
    refused(ImageNotFound, lambda: client.images.get("localhost:1/other:Tag1"))
    assert [image.id for image in client.images.load(saved)] == [box.id]
    refused(ImageLoadError, lambda: client.images.load(b"no archive"))
    client.images.remove("localhost:1/other:Tag1")


def events():
    began = datetime.datetime.now(datetime.timezone.utc).timestamp()
    heard = client.events(decode=True, filters={"type": "container"})
    c = client.containers.create("box", ["true"], name="heard")
    event = next(heard)
    assert (event["Action"], event["Actor"]["Attributes"]["name"]) == ("create", "heard")
    heard.close()
    c.remove()
    past = client.events(since=int(began), until=int(time.time()) + 1, filters={"container": c.id}, decode=True)
    assert [one["Action"] for one in past] == ["create", "destroy"]


def networks():
    pool = docker.types.IPAMPool(subnet="10.123.45.0/24", gateway="10.123.45.1")
    front = client.networks.create("front", driver="bridge", ipam=docker.types.IPAMConfig(pool_configs=[pool]), labels={"of": "test"})
    c = sleeper(ports={"80/tcp": ("127.0.0.1", None)})
    assert int(client.api.port(c.id, 80)[0]["HostPort"]) > 0
    front.connect(c, aliases=["friend"], ipv4_address="10.123.45.67")
    front.reload()
    assert [one.id for one in front.containers] == [c.id]
    assert b"10.123.45.67" in client.containers.run("box", ["ping", "-c", "1", "friend"], network="front", remove=True)
    refused(APIError, front.remove)
    front.disconnect(c)
    front.remove()
    refused(NotFound, lambda: client.networks.get("front"))
    c.remove(force=True)


def volumes():
    kept = client.volumes.create("kept", labels={"of": "test"})
    client.containers.run("box", ["sh", "-c", "echo text > /data/file"], volumes={"kept": {"bind": "/data", "mode": "rw"}}, remove=True)
    assert client.containers.run("box", ["cat", "/data/file"], volumes=["kept:/data:ro"], remove=True) == b"text\n"
    assert [v.name for v in client.volumes.list(filters={"label": "of=test"})] == ["kept"]
    kept.remove()
    refused(NotFound, lambda: client.volumes.get("kept"))
    stranger = client.containers.create("box", ["true"], volume_driver="stranger")
    assert stranger.attrs["HostConfig"]["VolumeDriver"] == "stranger"
    stranger.remove()
    refused(APIError, lambda: client.containers.create("box", ["true"], volumes=["more:/data"], volume_driver="stranger"))
    refused(NotFound, lambda: client.volumes.get("more"))


def a_swarm():
    client.swarm.init(advertise_addr="10.10.10.10", listen_addr="127.0.0.1")
    refused(APIError, lambda: client.swarm.init(advertise_addr="10.10.10.10", listen_addr="127.0.0.1"))
    assert [node.attrs["Spec"]["Role"] for node in client.nodes.list()] == ["manager"]
    secret = client.secrets.create(name="word", data=b"hidden")
    service = client.services.create(
        "box", ["sh", "-c", "cat /run/secrets/word; echo; sleep 1000"], name="speaker", mode=docker.types.ServiceMode("replicated", 1), init=True,
        secrets=[docker.types.SecretReference(secret.id, "word")])
    assert b"hidden" in next(service.logs(stdout=True, follow=True))
    service.reload()
    service.scale(2)
    running = lambda: len([task for task in service.tasks({"desired-state": "running"}) if task["Status"]["State"] == "running"])
    until("two tasks run", lambda: running() == 2)
    service.remove()
    refused(NotFound, lambda: client.services.get("speaker"))
    refused(APIError, lambda: client.swarm.leave())
    client.swarm.leave(force=True)


for step in [the_daemon, containers, a_running_container, execs, attached_input, files, builds, images, events, networks, volumes, a_swarm]:
    print(step.__name__, flush=True)
    step()
