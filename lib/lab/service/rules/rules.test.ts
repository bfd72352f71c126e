import fc from "fast-check";
import { withFlowSets } from "../../../../test/netfilter/kube-proxy";
import type { Endpoint, ProxyOptions, ServicePort } from "../model";
import { isServiceChain } from "./chain-name";
import { JUMPS } from "./jump";
import { proxyRules } from "./rules";
import { asSaved } from "./saved-rules";

const at = (address: string, port: number, local = false): Endpoint => ({ address, port, local });
const svc = (n: number, more: Partial<ServicePort>): ServicePort => ({
  namespace: `ns${n}`,
  name: `svc${n}`,
  protocol: "tcp",
  clusterIP: `172.30.0.${40 + n}`,
  port: 80,
  endpoints: [],
  ...more,
});
const p80 = (n: number, more: Partial<ServicePort>) => svc(n, { portName: "p80", ...more });
const plain = (more: Partial<ServicePort>) => svc(1, { clusterIP: "172.30.1.1", ...more });
const sticky = { affinitySeconds: 10800 };
const pods = "10.0.0.0/8";
const three = (a: number, b: number, c: number) => [a, b, c].map((last) => at(`10.0.1.${last}`, 80));

/** The services of each published rule set. */
const cases: Record<string, [string, readonly ServicePort[], ProxyOptions]> = {
  kp036: [
    "one SCTP endpoint",
    [p80(1, { protocol: "sctp", endpoints: [at("10.180.0.1", 80)] })],
    { clusterCidr: pods },
  ],
  kp042: ["no endpoints: REJECT", [p80(1, { externalIPs: ["192.168.99.11"] })], { clusterCidr: pods }],
  kp044: [
    "an external IP",
    [p80(1, { externalIPs: ["192.168.99.11"], endpoints: [at("10.180.0.1", 80), at("10.180.2.1", 80)] })],
    { clusterCidr: pods },
  ],
  kp047: [
    "a load balancer with Local policy, NodePort and session affinity",
    [
      p80(1, {
        ...sticky,
        loadBalancerIPs: ["1.2.3.4"],
        nodePort: 3001,
        healthCheckNodePort: 30000,
        externalTrafficPolicy: "Local",
        endpoints: [at("10.180.0.1", 80), at("10.180.2.1", 80, true)],
      }),
    ],
    { clusterCidr: pods },
  ],
  kp058: ["three endpoints", [plain({ endpoints: three(1, 2, 3) })], { clusterCidr: pods }],
  kp062: [
    "Local policy with two local endpoints of three",
    [
      plain({
        ...sticky,
        loadBalancerIPs: ["1.2.3.4"],
        healthCheckNodePort: 30000,
        externalTrafficPolicy: "Local",
        endpoints: [at("10.0.1.1", 80, true), at("10.0.1.2", 80, true), at("10.0.1.5", 80)],
      }),
    ],
    { clusterCidr: pods },
  ],
  kp065: [
    "Local policy without a local endpoint",
    [
      plain({
        ...sticky,
        loadBalancerIPs: ["1.2.3.4"],
        healthCheckNodePort: 30000,
        externalTrafficPolicy: "Local",
        endpoints: [at("10.0.1.5", 80)],
      }),
    ],
    { clusterCidr: pods },
  ],
  kp066: [
    "a load balancer with Cluster policy",
    [plain({ ...sticky, loadBalancerIPs: ["1.2.3.4"], endpoints: three(1, 2, 5) })],
    { clusterCidr: pods },
  ],
  kp068: [
    "other endpoints of the same service",
    [plain({ ...sticky, loadBalancerIPs: ["1.2.3.4"], endpoints: three(2, 3, 5) })],
    { clusterCidr: pods },
  ],
  kp073: [
    "three services of all policies, masquerading everything",
    [
      p80(1, {
        loadBalancerIPs: ["1.2.3.4"],
        nodePort: 3001,
        endpoints: [at("10.180.0.1", 80, true), at("10.180.1.1", 80)],
      }),
      p80(2, {
        loadBalancerIPs: ["5.6.7.8"],
        nodePort: 3002,
        healthCheckNodePort: 30002,
        externalTrafficPolicy: "Local",
        endpoints: [at("10.180.0.2", 80, true), at("10.180.1.2", 80)],
      }),
      p80(3, {
        loadBalancerIPs: ["9.10.11.12"],
        nodePort: 3003,
        internalTrafficPolicy: "Local",
        endpoints: [at("10.180.0.3", 80, true), at("10.180.1.3", 80)],
      }),
    ],
    { masqueradeAll: true },
  ],
};

function ours(services: readonly ServicePort[], options: ProxyOptions): Record<string, readonly string[]> {
  const rules = proxyRules(services, { randomFully: false, ...options });
  const out: Record<string, string[]> = {};
  for (const jump of JUMPS) {
    const key = `${jump.table} ${jump.from}`;
    out[key] = [...(out[key] ?? []), jump.rule];
  }
  for (const table of ["filter", "nat"] as const)
    for (const [chain, body] of rules[table]) out[`${table} ${chain}`] = body.map(asSaved);
  return out;
}

function saved(text: string): Record<string, readonly string[]> {
  const out: Record<string, string[]> = {};
  let table = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("*")) table = line.slice(1);
    const chain = /^:(\S+) -/.exec(line)?.[1];
    if (chain !== undefined) out[`${table} ${chain}`] = [];
    const rule = /^-A (\S+) (.*)$/.exec(line);
    if (rule?.[1] === undefined || rule[2] === undefined) continue;
    const key = `${table} ${rule[1]}`;
    out[key] = [...(out[key] ?? []), rule[2]];
  }
  return out;
}

withFlowSets(Object.keys(cases).length, (sets) => {
  for (const set of sets)
    test(`equal to kube-proxy's published rules: ${cases[set.id]?.[0] ?? set.id}`, () => {
      const [, services, options] = cases[set.id] ?? ["", [], {}];
      expect(ours(services, options)).toEqual(saved(set.iptablesSaveLegacy));
      expect(ours(services, options)).toEqual(saved(set.iptablesSaveNft));
    });
  return sets.length;
});

const web: ServicePort = {
  namespace: "default",
  name: "web",
  protocol: "tcp",
  clusterIP: "10.96.0.10",
  port: 80,
  nodePort: 30080,
  endpoints: [at("10.244.1.2", 8080), at("10.244.2.2", 8080)],
};

test("the last rule of KUBE-SERVICES is always the one for NodePorts", () => {
  const rules = proxyRules([web, { ...web, name: "other", clusterIP: "10.96.0.11", nodePort: 30081 }]);
  expect(rules.nat.get("KUBE-SERVICES")?.at(-1)).toBe(
    '-m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" ' +
      "-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS",
  );
});

test("a NodePort without endpoints is rejected like the Cluster IP, but only on the node's own addresses", () => {
  const rules = proxyRules([{ ...web, endpoints: [] }]);
  expect(rules.filter.get("KUBE-EXTERNAL-SERVICES")).toEqual([
    '-p tcp -m comment --comment "default/web has no endpoints" -m addrtype --dst-type LOCAL ' +
      "-m tcp --dport 30080 -j REJECT --reject-with icmp-port-unreachable",
  ]);
  expect(rules.nat.get("KUBE-NODEPORTS")).toEqual([]);
});

test("with internal policy Local, a node without a local endpoint drops packets to the Cluster IP", () => {
  const rules = proxyRules([{ ...web, internalTrafficPolicy: "Local" }]);
  expect(rules.filter.get("KUBE-SERVICES")).toEqual([
    '-d 10.96.0.10/32 -p tcp -m comment --comment "default/web has no local endpoints" -m tcp --dport 80 -j DROP',
  ]);
});

test("source ranges of a load balancer create a firewall chain, and other sources are dropped", () => {
  const rules = proxyRules(
    [
      {
        ...web,
        loadBalancerIPs: ["198.51.100.7"],
        loadBalancerSourceRanges: ["203.0.113.0/24", "192.168.0.0/24"],
      },
    ],
    { nodeIP: "192.168.0.2" },
  );
  const firewall = [...rules.nat.keys()].find((chain) => chain.startsWith("KUBE-FW-")) ?? "";
  const external = firewall.replace("-FW-", "-EXT-");
  const comment = '-m comment --comment "default/web loadbalancer IP"';
  expect(rules.nat.get(firewall)).toEqual([
    `-s 203.0.113.0/24 ${comment} -j ${external}`,
    `-s 192.168.0.0/24 ${comment} -j ${external}`,
    `-s 198.51.100.7/32 ${comment} -j ${external}`,
    '-m comment --comment "other traffic to default/web will be dropped by KUBE-PROXY-FIREWALL"',
  ]);
  expect(rules.filter.get("KUBE-PROXY-FIREWALL")).toHaveLength(1);
});

test("with more than 1000 endpoints, endpoint rules have no comments", () => {
  const many = Array.from({ length: 1001 }, (_, i) => at(`10.244.${i >> 8}.${i & 255}`, 8080));
  const rules = proxyRules([{ ...web, endpoints: many }]);
  const chain = [...rules.nat.keys()].find((name) => name.startsWith("KUBE-SVC-")) ?? "";
  expect(rules.nat.get(chain)?.[0]).toMatch(
    /^-m statistic --mode random --probability 0.0009990010 -j KUBE-SEP-/,
  );
});

test("law: every endpoint is reached with the same probability, whatever their number", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), (count) => {
      const endpoints = Array.from({ length: count }, (_, i) => at(`10.244.0.${i}`, 80));
      const rules = proxyRules([{ ...web, endpoints }]);
      const chain = [...rules.nat.keys()].find((name) => name.startsWith("KUBE-SVC-")) ?? "";
      let left = 1;
      for (const rule of rules.nat.get(chain) ?? []) {
        const chance = Number(/--probability ([\d.]+)/.exec(rule)?.[1] ?? 1);
        expect(left * chance).toBeCloseTo(1 / count, 7);
        left *= 1 - chance;
      }
      expect(left).toBe(0);
    }),
  );
});

test("law: every jump leads to a chain that exists, and every chain of a service is reached", () => {
  const policy = fc.constantFrom("Cluster" as const, "Local" as const);
  const endpoint = fc.record({ address: fc.ipV4(), port: fc.constant(80), local: fc.boolean() });
  const service = fc.record(
    {
      ...{ namespace: fc.constant("default"), name: fc.stringMatching(/^[a-z]{3,9}$/) },
      ...{
        protocol: fc.constantFrom("tcp" as const, "udp" as const),
        clusterIP: fc.ipV4(),
        port: fc.constant(80),
      },
      ...{
        nodePort: fc.integer({ min: 30000, max: 32767 }),
        externalIPs: fc.array(fc.ipV4(), { maxLength: 2 }),
      },
      ...{ loadBalancerIPs: fc.array(fc.ipV4(), { maxLength: 2 }), affinitySeconds: fc.constant(60) },
      ...{ loadBalancerSourceRanges: fc.constant(["10.0.0.0/8"]) },
      ...{ internalTrafficPolicy: policy, externalTrafficPolicy: policy },
      endpoints: fc.uniqueArray(endpoint, { maxLength: 4, selector: (one) => one.address }),
    },
    { requiredKeys: ["namespace", "name", "protocol", "clusterIP", "port", "endpoints"] },
  );
  fc.assert(
    fc.property(fc.uniqueArray(service, { maxLength: 4, selector: (one) => one.name }), (services) => {
      const rules = proxyRules(services, { clusterCidr: "10.0.0.0/8" });
      const reached = new Set<string>();
      for (const body of rules.nat.values())
        for (const rule of body) {
          const target = /-j (KUBE-\S+)$/.exec(rule)?.[1];
          if (target === undefined) continue;
          expect(rules.nat.has(target)).toBe(true);
          reached.add(target);
        }
      for (const chain of rules.nat.keys()) if (isServiceChain(chain)) expect(reached).toContain(chain);
    }),
  );
});
