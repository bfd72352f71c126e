import { JUMPS } from "../rules/jump";
import { proxyRules } from "../rules/rules";
import { asSaved, compareRules } from "../rules/saved-rules";
import { diagnose } from "./diagnosis";
import type { NodeFacts, PodFacts, ServiceFacts } from "./service-facts";

const pod = (name: string, more: Partial<PodFacts> = {}): PodFacts => ({
  name,
  node: "node1",
  address: "10.244.1.2",
  labels: { app: "web" },
  selected: true,
  running: true,
  ready: true,
  listening: ["0.0.0.0:8080"],
  direct: { from: "node1", result: "answers" },
  ...more,
});

const node = (more: Partial<NodeFacts> = {}): NodeFacts => ({
  name: "node1",
  alive: true,
  forwards: true,
  bridgeFilters: true,
  ...{ missingRules: [], strangeRules: [], stoppers: [], missingRoutes: [], linksDown: [], noHairpin: [] },
  ...more,
});

const service = { clusterIP: "10.96.0.2", port: 80, targetPort: 8080, protocol: "tcp", selector: "app=web" };

const facts = (more: Partial<ServiceFacts> = {}): ServiceFacts => ({
  name: "web",
  services: ["web"],
  service,
  attempts: [{ from: "client", result: "answers" }],
  pods: [pod("web0")],
  nodes: [node()],
  ...more,
});

test("a healthy service has no cause", () => {
  const diagnosis = diagnose(facts());
  expect(diagnosis.healthy).toBe(true);
  expect(String(diagnosis)).toMatch(/Nothing is wrong with web\.$/);
});

test("for a missing service there is only the first check", () => {
  const diagnosis = diagnose({ name: "wbe", services: ["web"], attempts: [], pods: [], nodes: [] });
  expect(diagnosis.checks).toHaveLength(1);
  expect(diagnosis.cause?.found).toBe("There is no service wbe; the lab has: web.");
});

const silent = { attempts: [{ from: "client", result: "is silent" as const }] };

test.each<[string, Partial<ServiceFacts>, string]>([
  [
    "a selector with a typo",
    { pods: [pod("web0", { selected: false, labels: { app: "web" } })] },
    "No pod has app=web: web0 has app=web.",
  ],
  [
    "a pod that is not ready",
    { pods: [pod("web0", { ready: false })] },
    "web0 does not pass its readiness probe",
  ],
  [
    "an app that ended",
    { pods: [pod("web0", { ready: false, running: false })] },
    "web0 has an app that ended",
  ],
  [
    "a wrong target port",
    { pods: [pod("web0", { listening: ["0.0.0.0:80"] })] },
    "web0 listens on 0.0.0.0:80, not on 8080.",
  ],
  [
    "an app that listens on a loopback address",
    { pods: [pod("web0", { listening: ["127.0.0.1:8080"] })] },
    "web0 listens on 8080 only on a loopback address",
  ],
  [
    "a pod that doesn't reply",
    { pods: [pod("web0", { direct: { from: "node1", result: "is silent" } })] },
    "web0 does not reply to node1.",
  ],
  [
    "a missing rule",
    { nodes: [node({ missingRules: ["-A KUBE-SERVICES x"] })] },
    "is missing -A KUBE-SERVICES x",
  ],
  [
    "a rule that drops",
    { nodes: [node({ stoppers: ["-A FORWARD -j DROP (3 packets)"] })] },
    "-A FORWARD -j DROP",
  ],
  ["disabled forwarding", { nodes: [node({ forwards: false })] }, "node1 has ip_forward 0"],
  [
    "bridged packets that bypass iptables",
    { nodes: [node({ bridgeFilters: false })] },
    "bridge-nf-call-iptables 0",
  ],
  ["a missing route", { nodes: [node({ missingRoutes: ["node2"] })] }, "no route to the pods of node2"],
  [
    "a link that is down",
    { nodes: [node({ linksDown: ["web0"] })] },
    "web0 is not connected to the bridge of node1",
  ],
  ["disabled hairpin mode", { nodes: [node({ noHairpin: ["web0"] })] }, "hairpin off"],
])("the cause is named: %s", (_, wrong, found) => {
  const diagnosis = diagnose(facts({ ...silent, ...wrong }));
  expect(diagnosis.healthy).toBe(false);
  expect(diagnosis.cause?.found).toContain(found);
  expect(diagnosis.cause?.advice).toBeDefined();
});

test("unchanged rules are neither missing nor unexpected; a deleted rule is missing", () => {
  const rules = proxyRules([
    {
      ...{ namespace: "default", name: "web", protocol: "tcp" as const, clusterIP: "10.96.0.2", port: 80 },
      endpoints: [1, 2, 3].map((last) => ({ address: `10.244.1.${last}`, port: 8080, local: true })),
    },
  ]);
  const text = (["filter", "nat"] as const)
    .map((table) => {
      const jumps = JUMPS.filter((jump) => jump.table === table).map(
        (jump) => `[1:60] -A ${jump.from} ${jump.rule}`,
      );
      const own = [...rules[table]].flatMap(([chain, body]) =>
        body.map((rule) => `[0:0] -A ${chain} ${asSaved(rule)}`),
      );
      return [`*${table}`, ...jumps, ...own, "COMMIT"].join("\n");
    })
    .join("\n");
  expect(compareRules(rules, text)).toEqual({ missing: [], strange: [], stoppers: [] });
  const broken = text
    .split("\n")
    .filter((line) => !line.includes("--probability 0.5"))
    .concat("*filter", ":FORWARD DROP [3:180]", "[3:180] -A FORWARD -s 10.244.1.0/24 -j DROP");
  expect(compareRules(rules, broken.join("\n"))).toEqual({
    missing: [expect.stringContaining("--probability 0.50000000000")],
    strange: [],
    stoppers: ["-A FORWARD -s 10.244.1.0/24 -j DROP (3 packets)", "the policy of FORWARD is DROP"],
  });
});
