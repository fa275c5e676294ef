// What users of dockerode do with a daemon, once each. DOCKERODE names the package's folder, DOCKER_HOST the daemon, which has an image "box" of
// busybox and is in no swarm. Ends with 0 if all of it went well.
'use strict';
const assert = require('assert');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { PassThrough } = require('stream');
const Docker = require(process.env.DOCKERODE);

const limit = 60_000;
const docker = new Docker();

const ended = stream => new Promise((resolve, reject) => stream.on('end', resolve).on('close', resolve).on('error', reject));

const textOf = async stream => {
  const chunks = [];
  stream.on('data', chunk => chunks.push(chunk));
  await ended(stream);
  return Buffer.concat(chunks).toString();
};

// A multiplexed stream taken apart.
const streamsOf = async stream => {
  const [out, err] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, out, err);
  const both = Promise.all([textOf(out), textOf(err)]);
  await ended(stream);
  out.end();
  err.end();
  return both;
};

const refused = (status, promise) => assert.rejects(promise, error => error.statusCode === status || assert.fail(`${error.statusCode}, not ${status}: ${error.message}`));

const until = async (what, ask) => {
  for (const end = Date.now() + limit; Date.now() < end; await new Promise(again => setTimeout(again, 50))) {
    if (await ask()) {
      return;
    }
  }

  assert.fail(`not within ${limit} ms: ${what}`);
};

// What a container prints, once it is removed.
const printed = async (image, command, host) => {
  const out = new PassThrough();
  const [ended, container] = await docker.run(image, command, out, { HostConfig: host });
  assert.equal(ended.StatusCode, 0);
  await container.remove();
  return out.read()?.toString() ?? '';
};

const sleeper = async options => {
  const container = await docker.createContainer({ Image: 'box', Cmd: ['sleep', '1000'], ...options });
  await container.start();
  return container;
};

const progress = stream => new Promise((resolve, reject) => docker.modem.followProgress(stream, (error, said) => error ? reject(error) : resolve(said)));

const steps = {
  async theDaemon() {
    assert.equal((await docker.ping()).toString(), 'OK');
    assert.match((await docker.version()).ApiVersion, /^1\.\d+$/);
    assert.equal((await docker.info()).OSType, 'linux');
    assert.ok((await docker.df()).Images.length > 0);
  },

  async containers() {
    const short = await docker.createContainer({ name: 'short', Image: 'box', Cmd: ['sh', '-c', 'echo out; echo err >&2; exit 3'], Labels: { of: 'test' } });
    await short.start();
    assert.equal((await short.wait()).StatusCode, 3);
    assert.match((await short.logs({ stdout: true })).toString(), /out\n$/);
    const logs = await short.logs({ stdout: true, stderr: true, follow: true });
    assert.deepEqual(await streamsOf(logs), ['out\n', 'err\n']);
    assert.deepEqual((await docker.listContainers({ all: true, filters: { label: ['of=test'] } })).map(one => one.Names[0]), ['/short']);
    await short.rename({ name: 'renamed' });
    assert.equal((await short.inspect()).Name, '/renamed');
    await short.remove();
    await refused(404, docker.getContainer('renamed').inspect());
    await refused(404, docker.createContainer({ Image: 'nosuchimage:1' }));
    assert.equal(await printed('box', ['echo', 'hi']), 'hi\r\n');
  },

  async aRunningContainer() {
    const container = await sleeper();
    assert.ok((await container.top()).Processes.length > 0);
    assert.ok((await container.stats({ stream: false })).memory_stats.usage > 0);
    const statistics = await container.stats({ stream: true });
    const first = await new Promise((resolve, reject) => statistics.once('data', resolve).once('error', reject));
    assert.equal(JSON.parse(first).id, container.id);
    statistics.destroy();
    await container.pause();
    assert.equal((await container.inspect()).State.Status, 'paused');
    await container.unpause();
    await container.update({ Memory: 64 << 20, MemorySwap: 64 << 20 });
    await container.resize({ h: 40, w: 120 });
    await container.restart({ t: 0 });
    await container.kill();
    assert.equal((await container.wait()).StatusCode, 137);
    await container.remove();
  },

  async execs() {
    const container = await sleeper();
    const exec = await container.exec({ Cmd: ['sh', '-c', 'echo a; echo b >&2; exit 5'], AttachStdout: true, AttachStderr: true });
    assert.deepEqual(await streamsOf(await exec.start({})), ['a\n', 'b\n']);
    assert.equal((await exec.inspect()).ExitCode, 5);
    const shell = await container.exec({ Cmd: ['sh'], AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: true });
    const terminal = await shell.start({ hijack: true, stdin: true, Tty: true });
    await shell.resize({ h: 40, w: 120 });
    terminal.write('echo $((6*7)); exit 7\n');
    assert.match(await textOf(terminal), /42\r\n/);
    assert.equal((await shell.inspect()).ExitCode, 7);
    await container.remove({ force: true });
  },

  async attachedInput() {
    const container = await docker.createContainer({ Image: 'box', Cmd: ['sh', '-c', 'cat; echo end >&2'], OpenStdin: true, StdinOnce: true, AttachStdin: true });
    const stream = await container.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: true });
    const said = streamsOf(stream);
    await container.start();
    stream.end('all of me\n');
    assert.deepEqual(await said, ['all of me\n', 'end\n']);
    assert.equal((await container.wait()).StatusCode, 0);
    await container.remove();
  },

  async files() {
    const [from, to] = [await docker.createContainer({ Image: 'box', Cmd: ['true'] }), await docker.createContainer({ Image: 'box', Cmd: ['cat', '/tmp/busybox'] })];
    const tar = await from.getArchive({ path: '/bin/busybox' });
    await to.putArchive(tar, { path: '/etc' });
    assert.deepEqual((await to.changes()).map(change => change.Path).sort(), ['/etc', '/etc/busybox']);
    const stat = await to.infoArchive({ path: '/etc/busybox' });
    assert.equal(stat.statusCode, 200);
    stat.resume(); // or its connection is never given back, and node waits for it
    await refused(404, from.getArchive({ path: '/nothing' }));
    const made = await to.commit({ repo: 'committed', tag: '1' });
    assert.match(made.Id, /^sha256:/);
    await docker.getImage('committed:1').remove();
    await from.remove();
    await to.remove();
  },

  async builds() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'dockerode-'));
    fs.writeFileSync(path.join(folder, 'Dockerfile'), 'FROM box\nARG who\nCOPY given /in\nRUN echo $who >> /in\nCMD ["cat", "/in"]\n');
    fs.writeFileSync(path.join(folder, 'given'), 'of ');
    const said = await progress(await docker.buildImage({ context: folder, src: ['Dockerfile', 'given'] }, { t: 'built:1', buildargs: { who: 'me' } }));
    fs.rmSync(folder, { recursive: true });
    assert.ok(said.some(line => line.stream?.includes('Successfully tagged built:1')));
    assert.equal(await printed('built:1', []), 'of me\r\n');
    await docker.getImage('built:1').remove();
  },

  async images() {
    const box = docker.getImage('box');
    const { Id } = await box.inspect();
    await box.tag({ repo: 'localhost:1/other', tag: 'Tag1' });
    assert.deepEqual((await docker.listImages({ filters: { reference: ['localhost:1/other'] } })).map(image => image.Id), [Id]);
    assert.ok((await box.history()).length > 0);
    const saved = await docker.getImage('localhost:1/other:Tag1').get();
    const kept = path.join(os.tmpdir(), `dockerode-${process.pid}.tar`);
    await require('stream/promises').pipeline(saved, fs.createWriteStream(kept));
    await docker.getImage('localhost:1/other:Tag1').remove();
    await refused(404, docker.getImage('localhost:1/other:Tag1').inspect());
    await progress(await docker.loadImage(kept));
    fs.rmSync(kept);
    assert.equal((await docker.getImage('localhost:1/other:Tag1').inspect()).Id, Id);
    await docker.getImage('localhost:1/other:Tag1').remove();
  },

  async events() {
    const heard = await docker.getEvents({ filters: { type: ['container'] } });
    const first = new Promise((resolve, reject) => heard.once('data', resolve).once('error', reject));
    const container = await docker.createContainer({ name: 'heard', Image: 'box', Cmd: ['true'] });
    const event = JSON.parse(await first);
    assert.deepEqual([event.Action, event.Actor.Attributes.name], ['create', 'heard']);
    heard.destroy();
    await container.remove();
  },

  async networks() {
    const front = await docker.createNetwork({ Name: 'front', Driver: 'bridge', IPAM: { Config: [{ Subnet: '10.123.46.0/24' }] } });
    const container = await sleeper();
    await front.connect({ Container: container.id, EndpointConfig: { Aliases: ['friend'], IPAMConfig: { IPv4Address: '10.123.46.67' } } });
    assert.deepEqual(Object.keys((await front.inspect()).Containers), [container.id]);
    assert.match(await printed('box', ['ping', '-c', '1', 'friend'], { NetworkMode: 'front' }), /10\.123\.46\.67/);
    await refused(403, front.remove());
    await front.disconnect({ Container: container.id });
    await front.remove();
    await refused(404, front.inspect());
    await container.remove({ force: true });
  },

  async volumes() {
    const kept = await docker.createVolume({ Name: 'kept', Labels: { of: 'test' } });
    assert.equal(await printed('box', ['sh', '-c', 'echo text > /data/file'], { Binds: ['kept:/data'] }), '');
    assert.equal(await printed('box', ['cat', '/data/file'], { Binds: ['kept:/data:ro'] }), 'text\r\n');
    assert.deepEqual((await docker.listVolumes({ filters: { label: ['of=test'] } })).Volumes.map(volume => volume.Name), ['kept']);
    await kept.remove();
    await refused(404, kept.inspect());
  },

  async aSwarm() {
    await docker.swarmInit({ AdvertiseAddr: '10.10.10.10', ListenAddr: '127.0.0.1' });
    await refused(503, docker.swarmInit({ AdvertiseAddr: '10.10.10.10', ListenAddr: '127.0.0.1' }));
    assert.deepEqual((await docker.listNodes()).map(node => node.Spec.Role), ['manager']);
    const spec = { Name: 'speaker', TaskTemplate: { ContainerSpec: { Image: 'box', Command: ['sh', '-c', 'echo said; sleep 1000'], Init: true } }, Mode: { Replicated: { Replicas: 1 } } };
    const service = await docker.createService(spec);
    const logs = await service.logs({ stdout: true, follow: true });
    const first = await new Promise((resolve, reject) => logs.once('data', resolve).once('error', reject));
    assert.match(first.toString(), /said\n$/);
    logs.destroy();
    const { Version } = await service.inspect();
    await service.update({ ...spec, version: Version.Index, Mode: { Replicated: { Replicas: 2 } } });
    const running = async () => (await docker.listTasks({ filters: { service: ['speaker'], 'desired-state': ['running'] } })).filter(task => task.Status.State === 'running');
    await until('two tasks run', async () => (await running()).length === 2);
    await service.remove();
    await refused(404, service.inspect());
    await docker.swarmLeave({ force: true });
  },
};

(async () => {
  for (const [name, step] of Object.entries(steps)) {
    console.log(name);
    await step();
  }
})().catch(error => {
  console.error(error);
  process.exit(1);
});
