import { Lab } from "../../lib/lab/lab";
import type { Node } from "../../lib/lab/node/node";
import { ask, closed, until } from "./cluster";

jest.setTimeout(60_000);

let lab: Lab;
let node1: Node;
let node2: Node;

beforeAll(async () => {
  lab = await Lab.open("node-test");
  [node1, node2] = await Promise.all([
    lab.node("node1", { podCidr: "10.244.1.0/24" }),
    lab.node("node2", { podCidr: "10.244.2.0/28" }),
  ]);
});

afterAll(() => closed(lab));

const addressOf = (name: string) => `ip -4 -o addr show dev ${name} | awk '{print $4}'`;

test("every pod has its own address from its node's pod CIDR, and the node has the first address", async () => {
  const pods = await Promise.all([node1, node1, node2].map((node, i) => node.pod(`own${i}`)));
  expect(pods.map((pod) => pod.address).sort()).toEqual(["10.244.1.2", "10.244.1.3", "10.244.2.2"]);
  for (const pod of pods) expect(await pod.script(addressOf("eth0")).text()).toMatch(`${pod.address}/`);
  expect(await node1.script(addressOf("br-pods")).text()).toBe("10.244.1.1/24");
  await Promise.all(pods.map((pod) => pod.remove()));
});

test("the peer sees the pod's own address, on the same node and across nodes: there is no NAT", async () => {
  const [client, near, far] = await Promise.all([
    node1.pod("client"),
    node1.pod("near", { image: "web", readiness: { tcp: 8080 } }),
    node2.pod("far", { image: "web", readiness: { http: "/", port: 8080 } }),
  ]);
  for (const server of [near, far])
    expect(await ask(client, `http://${server.address}:8080/`)).toEqual({
      pod: server.name,
      client: client.address,
      server: server.address,
    });
  expect((await ask(client, `http://${lab.outside.address}/`)).client).toBe(node1.address);
  await Promise.all([client, near, far].map((pod) => pod.remove()));
});

test("the apps of a pod share its address, ports and loopback", async () => {
  const pod = await node1.pod("shared", {
    apps: { web: { image: "web" }, side: {} },
    readiness: { tcp: 8080 },
  });
  const { stdout } = await pod.app("side").sh`curl -s http://127.0.0.1:8080/ | grep server`;
  expect(stdout).toBe("server: 127.0.0.1:8080\n");
  const busy = await pod.app("side").try`timeout 1 nc -l -p 8080`;
  expect(busy.stderr).toContain("Address already in use");
  await pod.remove();
});

test("a killed app is restarted, and the pod keeps its address", async () => {
  const pod = await node1.pod("keeps", { image: "web", readiness: { tcp: 80 } });
  const { address } = pod;
  await pod.app().kill();
  expect(pod.ready).toBe(false);
  await pod.untilReady();
  expect(pod.app().restarts).toBe(1);
  expect(await pod.script(addressOf("eth0")).text()).toBe(`${address}/24`);
  await pod.remove();
});

test("with restart policy `no` a killed app stays down, and the pod keeps its address", async () => {
  const pod = await node1.pod("down", { apps: { a: {}, b: {} }, restart: "no" });
  await pod.app("a").kill();
  expect([pod.app("a").running, pod.app("b").running, pod.ready]).toEqual([false, true, false]);
  expect(await pod.app("b").script(addressOf("eth0")).text()).toBe(`${pod.address}/24`);
  await expect(pod.app("a").kill()).rejects.toThrow("NOT_RUNNING  down/a");
  await pod.remove();
});

test("killing pause removes the pod's address and link, and ends its apps", async () => {
  const [pod, client] = await Promise.all([
    node1.pod("loses", { image: "web", readiness: { tcp: 80 } }),
    node1.pod("pinger"),
  ]);
  const { address } = pod;
  await client.sh`ping -c1 -W1 ${address}`;
  await pod.killPause();
  expect(pod.phase).toBe("ended");
  expect(() => pod.address).toThrow("NOT_RUNNING  loses: the pod has no address any more");
  expect((await client.try`ping -c1 -W1 ${address}`).exitCode).toBe(1);
  expect(await node1.sh`ip -br link`.text()).not.toContain(pod.veth);
  const again = await node1.pod("loses");
  expect(again.address).not.toBe(address);
  await Promise.all([again.remove(), client.remove()]);
});

test("a pod is ready only while its probe succeeds, even if its app still runs", async () => {
  const pod = await node2.pod("probed", {
    apps: { web: { image: "web" }, side: {} },
    readiness: { http: "/", port: 80 },
  });
  expect(pod.ready).toBe(true);
  // While the container is paused, the kernel still accepts connections but no process replies.
  await lab.engine.containers.pause(pod.app("web").container);
  await until("the pod is not ready any more", () => !pod.ready);
  expect(pod.running).toBe(true);
  await lab.engine.containers.unpause(pod.app("web").container);
  await pod.untilReady();
  await pod.remove();
});

test("a third node gets the next pod CIDR, and every node gets a route to it", async () => {
  const node3 = await lab.node("node3");
  expect(node3.podCidr).toBe("10.244.3.0/24");
  expect(await node1.sh`ip route show ${node3.podCidr}`.text()).toContain(`via ${node3.address}`);
  expect(await node3.sh`ip route show ${node2.podCidr}`.text()).toContain(`via ${node2.address}`);
  await node3.remove();
  expect(await node1.sh`ip route show ${node3.podCidr}`.text()).toBe("");
});

test("after the cluster grows by a second range, pods of both ranges see each other's own address", async () => {
  await lab.cluster.grow("10.245.0.0/16");
  const wide = await lab.node("wide", { podCidr: "10.245.1.0/24" });
  const [client, far] = await Promise.all([
    node1.pod("client"),
    wide.pod("far", { image: "web", labels: { app: "far" }, readiness: { tcp: 80 } }),
  ]);
  const service = await lab.service("far", { selector: { app: "far" }, port: 80 });
  for (const url of [`http://${far.address}/`, `http://${service.clusterIP}/`])
    expect((await ask(client, url)).client).toBe(client.address);
  expect((await ask(far, `http://${lab.outside.address}/`)).client).toBe(wide.address);
  await Promise.all([service.remove(), client.remove()]);
  await wide.remove();
});

test("when a node dies its pods end, and a new pod on it is refused", async () => {
  const doomed = await lab.node("doomed", { podCidr: "10.244.9.0/24" });
  const pod = await doomed.pod("passenger");
  await lab.engine.containers.kill(doomed.container);
  await until("the node's death is noted", () => pod.phase === "ended");
  await expect(doomed.pod("late")).rejects.toMatchObject({ code: "NODE_DOWN", where: "doomed" });
  await doomed.remove();
});

test("a service reaches a pod on the same node even if iptables doesn't see bridged packets", async () => {
  const plain = await lab.node("plain", { sysctls: { "net.bridge.bridge-nf-call-iptables": "0" } });
  expect([plain.routed, node1.routed]).toEqual([true, false]);
  const [client, near] = await Promise.all([
    plain.pod("asks"),
    plain.pod("near", { image: "web", labels: { app: "near" }, readiness: { tcp: 80 } }),
  ]);
  const service = await lab.service("near", { selector: { app: "near" }, port: 80 });
  const url = `http://${service.clusterIP}/`;
  expect(await ask(client, url)).toEqual({ pod: "near", client: client.address, server: near.address });
  expect(await ask(near, url)).toEqual({ pod: "near", client: plain.gateway, server: near.address });
  expect((await lab.diagnose(service)).healthy).toBe(true);
  await service.remove();
  await plain.remove();
});

describe("invalid calls throw a LabError", () => {
  const left = async () =>
    (await lab.engine.containers.list(lab.context.session.labels)).map(({ name }) => name).sort();

  test.each([
    ["overlapping pod CIDRs", "CIDR_OVERLAP", () => lab.node("bad", { podCidr: "10.244.1.128/25" })],
    ["a pod CIDR in the nodes' network", "CIDR_OVERLAP", () => lab.node("bad", { podCidr: lab.subnet })],
    ["a pod CIDR in the service range", "CIDR_OVERLAP", () => lab.node("bad", { podCidr: "10.96.7.0/24" })],
    [
      "a pod CIDR outside the cluster's range",
      "BAD_ADDRESS",
      () => lab.node("bad", { podCidr: "10.1.0.0/24" }),
    ],
    ["a name that is taken", "NAME_TAKEN", () => lab.node("node1")],
    ["a pod with the name of a node", "NAME_TAKEN", () => node1.pod("node2")],
    ["an invalid name", "BAD_NAME", () => node1.pod("My Pod")],
    ["an image that does not exist", "IMAGE_MISSING", () => node1.pod("bad", { image: "no-such-image:1" })],
    [
      "a command that does not exist",
      "COMMAND_MISSING",
      () => node1.pod("bad", { command: ["no-such-command"] }),
    ],
    [
      "an app that exits at once",
      "CONTAINER_EXITED",
      () => node1.pod("bad", { command: ["sh", "-c", "exit 3"] }),
    ],
    [
      "an app that exits before it is ready",
      "CONTAINER_EXITED",
      () => node1.pod("bad", { command: ["sh", "-c", "sleep 0.3; exit 3"], readiness: { tcp: 80 } }),
    ],
    [
      "an invalid session affinity timeout",
      "BAD_NUMBER",
      () => lab.service("bad", { selector: { app: "web" }, port: 80, sessionAffinity: { seconds: 0 } }),
    ],
    [
      "a missing image of one of several apps",
      "IMAGE_MISSING",
      () =>
        node1.pod("bad", { apps: { good: {}, fine: { image: "web" }, bad: { image: "no-such-image:1" } } }),
    ],
    ["a readiness port of 70000", "BAD_PORT", () => node1.pod("bad", { readiness: { tcp: 70000 } })],
    ["an address of another node's CIDR", "BAD_ADDRESS", () => node1.pod("bad", { address: "10.244.2.9" })],
  ])("%s: %s", async (_, code, make) => {
    const before = await left();
    await expect(make()).rejects.toMatchObject({ name: "LabError", code });
    expect(await left()).toEqual(before);
    expect(lab.places.has("bad")).toBe(false);
  });

  test("two pods created concurrently with one name: NAME_TAKEN for one of them", async () => {
    const pair = await Promise.allSettled([node1.pod("twin"), node2.pod("twin")]);
    const [made] = pair.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    const [refused] = pair.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
    expect(refused).toMatchObject({ code: "NAME_TAKEN", where: "node-test/twin" });
    await made?.remove();
    await (await node2.pod("twin")).remove();
  });

  test("a full pod CIDR: POD_CIDR_EXHAUSTED, and the address of a removed pod is available again", async () => {
    const small = await lab.node("small", { podCidr: "10.244.8.0/30" });
    const only = await small.pod("only");
    await expect(small.pod("second")).rejects.toMatchObject({ code: "POD_CIDR_EXHAUSTED", where: "small" });
    await only.remove();
    expect((await small.pod("second")).address).toBe("10.244.8.2");
    await small.remove();
  });
});
