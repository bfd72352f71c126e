import { Engine } from "../../lib/engine";
import { Lab } from "../../lib/lab/lab";
import type { NodePod } from "../../lib/lab/node/pod";
import type { Service } from "../../lib/lab/service/service";
import { leftovers } from "./leftovers";

let lab: Lab;
let client: NodePod;
let neighbour: NodePod;
let service: Service;
let near: Service;
beforeAll(async () => {
  lab = await Lab.open("trace-cluster");
  const [node1, node2] = await Promise.all([lab.node("node1"), lab.node("node2")]);
  [client, neighbour] = await Promise.all([
    node1.pod("client"),
    node1.pod("neighbour", { image: "web", labels: { app: "near" } }),
    node2.pod("web", { image: "web", labels: { app: "web" } }),
    node2.pod("web-too", { image: "web", labels: { app: "web" } }),
  ]);
  near = await lab.service("near", { selector: { app: "near" }, port: 80, targetPort: 8080 });
  service = await lab.service("web", { selector: { app: "web" }, port: 80, targetPort: 8080 });
}, 60_000);
afterAll(async () => {
  const { owner } = lab.context.session;
  await lab.close();
  expect(await leftovers(await Engine.connect(), owner)).toEqual([]);
}, 60_000);

test("a ClusterIP over two nodes: the request, its reply and the second packet went as predicted, rule by rule", async () => {
  const path = await lab.trace({ from: client, to: service, tcp: 80 });
  const { reply, second } = path;
  expect([path, reply, second].map((each) => each?.observed?.difference?.text)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect([path.agrees, reply?.agrees, second?.agrees]).toEqual([true, true, true]);
  // Each of them was really compared: rules of the node that the packet crosses have matched.
  for (const each of [path, reply, second]) expect(each?.observed?.events).toBeGreaterThan(0);
  expect(reply?.outcome?.packet).toMatchObject({ src: service.clusterIP, dst: client.address });
  for (const each of [path, reply, second]) expect(String(each)).toMatch(/kernel's trace: (\d+) of \1 agree/);
}, 60_000);

test("a ClusterIP whose endpoint is on the client's own node: turned back at the bridge, it is handed on there, not routed", async () => {
  const path = await lab.trace({ from: client, to: near, tcp: 80 });
  const each = [path, path.reply, path.second];
  expect(each.map((one) => one?.observed?.difference?.text)).toEqual([undefined, undefined, undefined]);
  expect(each.map((one) => one?.agrees)).toEqual([true, true, true]);
  expect(path.outcome?.packet).toMatchObject({ src: client.address, ttl: 64 });
}, 60_000);

test("a pod that reaches itself by its service comes back by its own port, with the bridge's address", async () => {
  const path = await lab.trace({ from: neighbour, to: near, tcp: 80 });
  expect(path.observed?.difference?.text).toBeUndefined();
  expect([path.agrees, path.outcome?.verdict, path.outcome?.packet.ttl]).toEqual([true, "accept", 64]);
  expect(path.outcome?.packet).toMatchObject({ dst: neighbour.address });
  expect(path.outcome?.packet.src).not.toBe(neighbour.address);
}, 60_000);

test("an echo and its answer are confirmed as well; a second one was never sent", async () => {
  const path = await lab.trace({ from: client, to: lab.outside, icmp: true });
  expect([path.agrees, path.reply?.agrees, path.second?.agrees]).toEqual([true, true, undefined]);
}, 60_000);

test("where nobody listens, the reply is the kernel's own error, and it is confirmed", async () => {
  const path = await lab.trace({ from: client, to: lab.outside, udp: 53 });
  expect([path.agrees, path.reply?.agrees, path.second?.agrees]).toEqual([true, true, undefined]);
  expect(path.arrival).toMatchObject({ kind: "refused", with: "ICMP port unreachable", answered: true });
  expect(path.reply?.packet.icmp).toMatchObject({ type: 3, code: 3 });
}, 60_000);
