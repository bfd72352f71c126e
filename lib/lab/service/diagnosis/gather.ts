import type { Snapshot } from "../../../inspect/snapshot";
import type { Cluster } from "../../node/cluster";
import type { Node } from "../../node/node";
import type { NodePod } from "../../pod/node-pod";
import { selects } from "../../pod/spec/node-pod-spec";
import { proxyRules } from "../rules/rules";
import { compareRules } from "../rules/saved-rules";
import type { Service } from "../service";
import { selectorText } from "../spec";
import type { Attempt, NodeFacts, PodFacts, Reach, ServiceFacts } from "./service-facts";

/** Connections to the Cluster IP from each node: enough to find an endpoint that doesn't reply. */
const ATTEMPTS = 6;

/** Collects the facts for a {@link diagnose | diagnosis}. Changes nothing. */
export async function gather(cluster: Cluster, name: string): Promise<ServiceFacts> {
  const service = cluster.services.get(name);
  const services = [...cluster.services.keys()];
  if (!service) return { name, services, attempts: [], pods: [], nodes: [] };
  // Connect first, so that the rules' counters include these packets.
  const attempts = await attempt(cluster, service);
  const [pods, nodes] = await Promise.all([
    Promise.all(byName(cluster.pods).map((pod) => podFacts(cluster, service, pod))),
    Promise.all(byName(cluster.nodes).map((node) => nodeFacts(cluster, node))),
  ]);
  const { clusterIP, port, targetPort, protocol, selector } = service;
  const about = { clusterIP, port, targetPort, protocol, selector: selectorText(selector) };
  return { name, services, service: about, attempts, pods, nodes };
}

async function attempt(cluster: Cluster, service: Service): Promise<readonly Attempt[]> {
  if (service.protocol !== "tcp") return [];
  const asked = byName(cluster.nodes)
    .filter((node) => node.alive)
    .map((node) => byName(node.pods).find((pod) => pod.running) ?? node);
  const all = asked.map(async (place) => {
    const results = await connect(place, service.clusterIP, service.port, ATTEMPTS);
    return results.map((result) => ({ from: place.name, result }));
  });
  return (await Promise.all(all)).flat();
}

async function podFacts(cluster: Cluster, service: Service, pod: NodePod): Promise<PodFacts> {
  const { name, node, labels, running, ready } = pod;
  const selected = selects(service.selector, labels);
  const about = { name, node, labels, selected, running, ready, address: pod.address };
  const home = cluster.nodes.get(node);
  if (!selected || !home?.alive || service.protocol !== "tcp") return about;
  const [snapshot, results] = await Promise.all([
    look(pod),
    connect(home, pod.address, service.targetPort, 1),
  ]);
  const sockets = (snapshot?.sockets ?? []).filter(
    ({ protocol, state }) => protocol === "tcp" && state === "LISTEN",
  );
  const listening = sockets.map(({ localAddress, localPort }) => `${localAddress}:${localPort}`);
  const [result] = results;
  return {
    ...about,
    ...(snapshot && { listening }),
    ...(result && { direct: { from: node, result } }),
  };
}

async function nodeFacts(cluster: Cluster, node: Node): Promise<NodeFacts> {
  const { name, alive } = node;
  const nothing = {
    missingRules: [],
    strangeRules: [],
    stoppers: [],
    missingRoutes: [],
    linksDown: [],
    noHairpin: [],
  };
  const snapshot = alive ? await look(node) : undefined;
  if (!snapshot) return { name, alive, ...nothing };
  const ports = [...cluster.services.values()].map((service) => service.portOn(name));
  const wanted = proxyRules(ports, cluster.proxyOptions(name));
  const text = (snapshot.iptables ?? []).filter(({ family }) => family === "ipv4").map((dump) => dump.text);
  const { missing, strange, stoppers } = compareRules(wanted, text.join("\n"));
  const bridge = snapshot.sysctls?.["net.bridge.bridge-nf-call-iptables"];
  const others = [...cluster.nodes.values()].filter((other) => other !== node && other.alive);
  const pods = [...node.pods.values()];
  const hairpins = await node.inside("grep -H . /sys/class/net/*/brport/hairpin_mode; bridge -d link show");
  return {
    name,
    alive,
    forwards: snapshot.sysctls?.["net.ipv4.ip_forward"] !== "0",
    ...(bridge !== undefined && !node.routed && { bridgeFilters: bridge !== "0" }),
    missingRules: missing,
    strangeRules: strange,
    stoppers,
    missingRoutes: others.filter((other) => !hasRoute(snapshot, other)).map((other) => other.name),
    linksDown: pods.filter((pod) => !plugged(snapshot, pod, node.bridge)).map((pod) => pod.name),
    noHairpin: pods.filter((pod) => hairpinOff(hairpins.stdout, pod.veth)).map((pod) => pod.name),
  };
}

/** Returns the places sorted by name, so that the result doesn't depend on the order in which they started. */
function byName<T extends { readonly name: string }>(places: ReadonlyMap<string, T>): readonly T[] {
  return [...places.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function hasRoute(snapshot: Snapshot, other: Node): boolean {
  return snapshot.routes.some(
    ({ destination, via }) => destination === other.podCidr && via === other.address,
  );
}

function plugged(snapshot: Snapshot, pod: NodePod, bridge: string): boolean {
  const link = snapshot.links.find(({ name }) => name === pod.veth);
  return link?.up === true && link.master === bridge && link.operState !== "LOWERLAYERDOWN";
}

/** `bridge -d link` prints the flags of a port on the line after its name. */
function hairpinOff(text: string, veth: string): boolean {
  return new RegExp(`\\d+: ${veth}@[^\\n]*\\n\\s+hairpin off`).test(text);
}

async function connect(
  place: Node | NodePod,
  address: string,
  port: number,
  times: number,
): Promise<readonly Reach[]> {
  // timeout(1) exits with 124 when it ends a program. After a failed attempt, the loop makes no others: the kernel limits
  // ICMP errors per second (icmp_ratelimit), so their result would differ. connect() ignores an ICMP error that arrives while
  // it still holds the socket lock. The SYN is sent again after 1 s, and the error for that one is reported. So the timeout
  // must be longer than 1 s.
  const once = `timeout 1.5 bash -c 'exec 3<>/dev/tcp/${address}/${port}' 2>/dev/null; code=$?; echo $code`;
  const { shell } = await place.netnsHandle();
  const { stdout } = await shell.run(`for i in $(seq ${times}); do ${once}; [ $code = 0 ] || break; done`);
  return stdout
    .trim()
    .split("\n")
    .map((code) => (code === "0" ? "answers" : code === "124" ? "is silent" : "refuses"));
}

/** Returns a snapshot, or undefined if the namespace doesn't exist any more. */
function look(place: Node | NodePod): Promise<Snapshot | undefined> {
  return place.snapshot().catch(() => undefined);
}
