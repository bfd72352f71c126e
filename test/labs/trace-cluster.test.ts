import { Engine } from "../../lib/engine";
import { Lab } from "../../lib/lab/lab";
import type { NodePod } from "../../lib/lab/node/pod";
import type { Service } from "../../lib/lab/service/service";
import { leftovers } from "./leftovers";

let lab: Lab;
let client: NodePod;
let service: Service;
beforeAll(async () => {
  lab = await Lab.open("trace-cluster");
  const [node1, node2] = await Promise.all([lab.node("node1"), lab.node("node2")]);
  [client] = await Promise.all([
    node1.pod("client"),
    node2.pod("web", { image: "web", labels: { app: "web" } }),
    node2.pod("web-too", { image: "web", labels: { app: "web" } }),
  ]);
  service = await lab.service("web", { selector: { app: "web" }, port: 80, targetPort: 8080 });
}, 60_000);
afterAll(async () => {
  const { owner } = lab.ground.session;
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

test("an echo and its answer are confirmed as well; a second one was never sent", async () => {
  const path = await lab.trace({ from: client, to: lab.outside, icmp: true });
  expect([path.agrees, path.reply?.agrees, path.second?.agrees]).toEqual([true, true, undefined]);
}, 60_000);

test("where nobody answers, the reply is a prediction only", async () => {
  const path = await lab.trace({ from: client, to: lab.outside, udp: 53 });
  expect([path.agrees, path.reply?.agrees]).toEqual([true, undefined]);
  expect(String(path.reply)).not.toContain("kernel's trace");
}, 60_000);
