import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { Engine, label } from "../../lib/engine";
import type { DockerHost } from "../../lib/lab/docker/docker-host";
import { Lab } from "../../lib/lab/lab";
import { LabLink } from "../../lib/lab/link/link";
import type { Node } from "../../lib/lab/node/node";
import type { NodePod } from "../../lib/lab/pod/node-pod";
import { belongings } from "../../lib/lab/runtime/orphans";
import { imageTag } from "../../lib/setup/images";
import { ask, ends, until } from "./cluster";
import { gone, leftovers } from "./leftovers";

jest.setTimeout(60_000);

// Two machines with one engine each: the Docker hosts of another lab.
let machines: Lab;
let one: DockerHost;
let two: DockerHost;
const engines = (): readonly [Engine, Engine] => [one.inner, two.inner];

beforeAll(async () => {
  machines = await Lab.open("machines");
  const args = ["-H", "unix:///var/run/docker.sock", "-H", "tcp://0.0.0.0:2375"];
  [one, two] = await Promise.all([
    machines.dockerHost("one", { args }),
    machines.dockerHost("two", { args }),
  ]);
});

afterAll(async () => {
  const { engine, context } = machines;
  await machines.close();
  expect(await leftovers(engine, context.session.owner)).toEqual([]);
});

test("engines in no swarm or in different swarms are refused, and the error says which", async () => {
  const none = { code: "NOT_ONE_SWARM", where: "one", found: "one is in no swarm" };
  await expect(Lab.open("apart", { engines: engines() })).rejects.toMatchObject(none);
  await one.docker("swarm", "init", "--advertise-addr", one.address).quiet();
  await two.docker("swarm", "init", "--advertise-addr", two.address).quiet();
  const other = { code: "NOT_ONE_SWARM", where: "two", found: "two is in another swarm than one" };
  await expect(Lab.open("apart", { engines: engines() })).rejects.toMatchObject(other);
  await two.docker("swarm", "leave", "--force").quiet();
  for (const engine of engines()) expect(await engine.containers.list()).toEqual([]);
});

describe("a lab on the two engines of a swarm", () => {
  let lab: Lab;
  let nodes: readonly [Node, Node];
  let client: NodePod;
  let web: NodePod;

  beforeAll(async () => {
    const token = await one.docker("swarm", "join-token", "-q", "worker").text();
    await two.docker("swarm", "join", "--token", token, `${one.address}:2377`).quiet();
    // Engine two lacks `pause`, which every lab needs, and `only:here`, which a pod will use.
    await two.docker("tag", imageTag("pause"), "kept:here").quiet();
    await two.docker("rmi", imageTag("pause")).quiet();
    await one.docker("tag", "pause", "only:here").quiet();
    lab = await Lab.open("two", { engines: engines() });
    nodes = await Promise.all([lab.node("node1"), lab.node("node2")]);
    [client, web] = await Promise.all([
      nodes[0].pod("client"),
      nodes[1].pod("web", { image: "web", labels: { app: "web" }, readiness: { tcp: 8080 } }),
    ]);
  });

  afterAll(async () => {
    const owners = lab.context.runtimes.map(({ engine, session }) => [engine, session.owner] as const);
    await lab.close();
    expect(await lab.leaks()).toEqual([]);
    for (const [engine, owner] of owners) expect(await leftovers(engine, owner)).toEqual([]);
    expect(await networks()).not.toContainEqual(expect.stringContaining("wirebook"));
  });

  test("nodes are spread over the engines, and the `engine` option selects one", async () => {
    expect(nodes.map(({ engine }) => engine.name)).toEqual(["one", "two"]);
    const told = await lab.node("told", { engine: "two" });
    expect(told.engine).toBe(two.inner);
    expect((await told.pod("guest")).engine).toBe(two.inner);
    await told.remove();
    await expect(lab.node("lost", { engine: "three" })).rejects.toMatchObject({ code: "UNKNOWN_ENGINE" });
  });

  test("a pod reaches a pod on the other engine by its own address, with full-size segments", async () => {
    expect(await ask(client, `http://${web.address}:8080/`)).toEqual({
      pod: "web",
      client: client.address,
      server: web.address,
    });
    await web.sh`head -c 1000000 /dev/zero > /tmp/million; socat -u OPEN:/tmp/million TCP-LISTEN:9000 & sleep 0`.quiet();
    const size = await client.sh`socat -u TCP:${web.address}:9000,retry=50,interval=0.1 - | wc -c`.text();
    expect(Number(size)).toBe(1_000_000);
    expect(await client.sh`cat /sys/class/net/eth0/mtu`.text()).toBe("1450");
  });

  test("a ClusterIP reaches its only endpoint on the other engine, and its rules follow changes there", async () => {
    const service = await lab.service("web", { selector: { app: "web" }, port: 80, targetPort: 8080 });
    expect((await ask(client, `http://${service.clusterIP}/`)).pod).toBe("web");
    const before = lab.cluster.changes.length;
    await web.app().kill();
    await until("the rules of both nodes follow", () => lab.cluster.changes.length > before);
    const change = lab.cluster.changes[before];
    expect(change?.nodes).toEqual(["node1", "node2"]);
    await web.untilReady();
    await until("it is an endpoint again", () => ends(service).length === 1);

    const path = await lab.trace({ from: client, to: service, tcp: 80 });
    expect(path.unobserved).toBeUndefined();
    expect(path.agrees).toBe(true);
    const places = path.outcome?.steps.map(({ place }) => place) ?? [];
    expect([...new Set(places)]).toEqual(["client", "node1", "node2", "web"]);
    expect(path.reply?.outcomes[0]?.verdict).toBe("accept");
  });

  test("an image that only the other engine has is copied", async () => {
    const sent = await nodes[1].pod("sent", { image: "only:here" });
    expect(sent.running).toBe(true);
    await sent.remove(0);
    const there = ["only:here", imageTag("pause")].map((reference) => two.inner.images.find(reference));
    expect(await Promise.all(there)).not.toContain(undefined);
    const nowhere = nodes[1].pod("nowhere", { image: "no:where" });
    await expect(nowhere).rejects.toMatchObject({ code: "IMAGE_MISSING" });
  });

  test("each engine is a place that contains its nodes", async () => {
    const { places } = await lab.world();
    expect(places.filter(({ kind }) => kind === "engine").map(({ name, detail }) => [name, detail])).toEqual([
      ["one", `Docker ${one.inner.version}, swarm manager`],
      ["two", `Docker ${two.inner.version}, swarm worker`],
    ]);
    const parent = new Map(places.map((place) => [place.name, place.parent]));
    expect(["outside", "node1", "node2", "web"].map((name) => parent.get(name))).toEqual([
      "one",
      "one",
      "two",
      "node2",
    ]);
  });

  test("a packet that is captured on both engines is one row", async () => {
    const [near, far] = nodes;
    const capture = await lab.capture([client, near, far, web], "tcp port 8080");
    await client.get(`http://${web.address}:8080/`);
    const { rows } = await capture.stop();
    // The readiness probe also connects, from the node.
    const first = rows.find(({ sightings: [begin] }) => begin?.place === "client");
    expect(first?.sightings.map(({ place, link }) => `${place} ${link}`)).toEqual([
      "client eth0",
      "node1 veth-client",
      "node1 br-pods",
      "node1 eth0",
      "node2 eth0",
      "node2 br-pods",
      "node2 veth-web",
      "web eth0",
    ]);
  });

  test.each([
    ["a partitioned node", () => lab.failures.partition(nodes[1])],
    ["a link that is down", () => lab.failures.down(new LabLink(nodes[1], "eth0"))],
  ])("%s on the other engine stops traffic until the failure is undone", async (_name, breakIt) => {
    const reach = () => client.try`curl -s -o /dev/null -m 1 http://${web.address}:8080/`.quiet();
    const before = (await nodes[1].snapshot()).routes;
    const failure = await breakIt();
    expect((await reach()).exitCode).not.toBe(0);
    await failure.undo();
    expect((await nodes[1].snapshot()).routes).toEqual(before);
    expect((await reach()).exitCode).toBe(0);
  });

  test("a diff includes changes on the other engine, and each snapshot names its engine", async () => {
    const add = () => nodes[1].sh`ip route add 10.99.0.0/24 via ${nodes[0].address}`.quiet();
    const said = String(await lab.diff(add));
    expect(said).toContain("node2: 1 added");
    expect(said).not.toContain("node1:");
    await nodes[1].sh`ip route del 10.99.0.0/24`.quiet();
    const { places } = await lab.world();
    const machine = new Map(places.map(({ name, snapshot }) => [name, snapshot?.machine]));
    expect(["node1", "client", "node2", "web"].map((name) => machine.get(name))).toEqual([
      "one",
      "one",
      "two",
      "two",
    ]);
  });

  test("the command line lists, checks and cleans both engines", async () => {
    const urls = [one, two].map(({ address }) => `http://${address}:2375`);
    const [listed, examined, cleaned] = await Promise.all([
      wirebook("labs", "--engine", ...urls),
      wirebook("doctor", "--engine", ...urls),
      wirebook("clean", "--engine", ...urls),
    ]);
    const owners = lab.context.runtimes.map(({ session }) => session.owner);
    for (const [index, url] of urls.entries())
      expect(listed.text).toMatch(
        new RegExp(`${url}\nSESSION .*\n(?:.*\n)*?${owners[index]} +two .* watched\n`),
      );
    expect(examined.text).toContain(`✓ one lab: 2 engines in one swarm; its manager is ${urls[0]}\n`);
    // `clean` keeps sessions that are watched.
    expect(cleaned.text).not.toContain(owners[0]);
    const gone = await wirebook("labs", "--engine", "http://127.0.0.1:9", ...urls);
    expect(gone.code).toBe(1);
    expect(gone.text).toContain(`${owners[1]}  two`);
    expect(gone.text).toContain("NO_ENGINE  http://127.0.0.1:9 ");
  });

  test("no route leads out of the lab", async () => {
    const routes = await Promise.all(
      [lab.outside, ...nodes].map((place) => place.sh`ip -4 route show default`.text()),
    );
    const onwards = `default via ${lab.outside.address} dev eth0`;
    expect(routes.map((route) => route.trim())).toEqual(["", onwards, onwards]);
    for (const place of [lab.outside, ...nodes])
      expect((await place.snapshot()).links.map(({ name }) => name)).not.toContain("eth1");
  });

  test("an unreachable engine and an engine given twice are refused, and the error names the engine", async () => {
    const again = await Engine.through(() => Promise.reject(new Error("cut")), "three").catch(
      (error: unknown) => error,
    );
    expect(again).toMatchObject({ code: "NO_ENGINE", where: "three" });
    await expect(Lab.open("same", { engines: [one.inner, one.inner] })).rejects.toMatchObject({
      code: "ENGINE_TWICE",
      where: "one#2",
    });
  });

  test("kill -9 of a process with a lab on both engines leaves nothing on either", async () => {
    const child = spawn(
      process.execPath,
      [join(__dirname, "two-engines.cjs"), one.container, two.container],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    let owners: readonly string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      const said: unknown = JSON.parse(line);
      const field: unknown = typeof said === "object" && said !== null ? Reflect.get(said, "owners") : [];
      owners = Array.isArray(field) ? field.map(String) : [];
      break;
    }
    expect(owners).toHaveLength(2);
    expect(await networks()).toContainEqual(expect.stringMatching(/wirebook-\w+-held/));
    // `wirebook labs` lists and `clean` removes a session on each engine. The network belongs to the engine that
    // created it, although both list it.
    const held = (await Promise.all(engines().map(belongings))).map((found, index) =>
      found.find(({ owner }) => owner === owners[index]),
    );
    expect(held.map((each) => [each?.labs, each?.networks.length, each?.reaper?.state])).toEqual([
      [["held"], 1, "running"],
      [["held"], 0, "running"],
    ]);
    child.kill("SIGKILL");
    await Promise.all(engines().map((engine, index) => gone(engine, owners[index] ?? "")));
    expect(await networks()).not.toContainEqual(expect.stringMatching(/wirebook-\w+-held/));
  });
});

test("when an engine is killed, the error names it and its places; the lab can be closed, and its network is removed once the swarm releases it", async () => {
  const lab = await Lab.open("halved", { engines: engines() });
  const nodes = await Promise.all([lab.node("node1"), lab.node("node2")]);
  const [near, far] = await Promise.all(nodes.map((node, index) => node.pod(`pod${index}`)));
  const sleeping = far?.exec(["sleep", "60"]).catch((error: unknown) => error);
  await machines.engine.containers.kill(two.container);
  expect(await sleeping).toMatchObject({ code: "ENGINE_GONE", message: expect.stringContaining("two") });
  const lost = await lab.node("late").catch((error: unknown) => error);
  expect(lost).toMatchObject({ code: "ENGINE_GONE", where: "halved" });
  expect(String(lost)).toContain(
    "two stopped or can't be reached, so node2, pod1 can't be used; the places on one still run",
  );
  expect((await near?.exec(["echo", "here"]))?.stdout).toBe("here\n");
  await lab.close();
  const { opening, network, session } = lab.context;
  expect(await one.inner.containers.list({ [label.opening]: opening })).toEqual([]);
  // The swarm keeps counting the containers of a lost engine for a day, unless its node is
  // removed with `docker node rm --force`.
  const refused = await one.exec(["docker", "network", "rm", network]);
  expect(refused.stderr).toContain("is in use by task");
  expect(await leftovers(one.inner, session.owner)).toEqual([
    expect.stringContaining("reaper"),
    `network ${network}`,
  ]);
  await one.try`docker node rm --force $(docker node ls -q --filter role=worker)`.quiet();
  await gone(one.inner, session.owner);
});

async function wirebook(...args: readonly string[]): Promise<{ code: unknown; text: string }> {
  const program = join(__dirname, "..", "..", "lib", "bin", "wirebook.js");
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code, text: out + err };
}

async function networks(): Promise<readonly string[]> {
  const all = await Promise.all(engines().map((engine) => engine.networks.list()));
  return all.flat().map(({ name }) => name);
}
