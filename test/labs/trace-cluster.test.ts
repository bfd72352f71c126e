import { Engine } from "../../lib/engine";
import { Lab } from "../../lib/lab/lab";
import type { NodePod } from "../../lib/lab/pod/node-pod";
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

test("a ClusterIP across two nodes: the request, its reply and the second packet go as predicted, rule by rule", async () => {
  const path = await lab.trace({ from: client, to: service, tcp: 80 });
  const { reply, second } = path;
  expect([path, reply, second].map((each) => each?.observed?.difference?.text)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect([path.agrees, reply?.agrees, second?.agrees]).toEqual([true, true, true]);
  // Proves that each was compared: rules of the nodes on the path matched.
  for (const each of [path, reply, second]) expect(each?.observed?.events).toBeGreaterThan(0);
  expect(reply?.outcome?.packet).toMatchObject({ src: service.clusterIP, dst: client.address });
  for (const each of [path, reply, second]) expect(String(each)).toMatch(/kernel's trace: (\d+) of \1 agree/);
}, 60_000);

test("a ClusterIP with an endpoint on the client's own node: the packet is translated in the bridge and bridged, not routed", async () => {
  const path = await lab.trace({ from: client, to: near, tcp: 80 });
  const each = [path, path.reply, path.second];
  expect(each.map((one) => one?.observed?.difference?.text)).toEqual([undefined, undefined, undefined]);
  expect(each.map((one) => one?.agrees)).toEqual([true, true, true]);
  expect(path.outcome?.packet).toMatchObject({ src: client.address, ttl: 64 });
}, 60_000);

test("hairpin: a pod reaches itself through its service by its own bridge port, with the bridge's address as the source", async () => {
  const path = await lab.trace({ from: neighbour, to: near, tcp: 80 });
  expect(path.observed?.difference?.text).toBeUndefined();
  expect([path.agrees, path.outcome?.verdict, path.outcome?.packet.ttl]).toEqual([true, "accept", 64]);
  expect(path.outcome?.packet).toMatchObject({ dst: neighbour.address });
  expect(path.outcome?.packet.src).not.toBe(neighbour.address);
}, 60_000);

test("an ICMP echo request and its reply are confirmed, and no second packet is sent", async () => {
  const path = await lab.trace({ from: client, to: lab.outside, icmp: true });
  expect([path.agrees, path.reply?.agrees, path.second?.agrees]).toEqual([true, true, undefined]);
}, 60_000);

test("without a listener, the reply is the kernel's ICMP error, and it is confirmed", async () => {
  const path = await lab.trace({ from: client, to: lab.outside, udp: 53 });
  expect([path.agrees, path.reply?.agrees, path.second?.agrees]).toEqual([true, true, undefined]);
  expect(path.arrival).toMatchObject({ kind: "refused", with: "ICMP port unreachable", answered: true });
  expect(path.reply?.packet.icmp).toMatchObject({ type: 3, code: 3 });
}, 60_000);
