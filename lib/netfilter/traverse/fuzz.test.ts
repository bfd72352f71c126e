import { parseRuleset } from "../iptables";
import type { Packet } from "../model";
import type { Host } from "./host";
import { traverse } from "./traverse";

// Each of these was a disagreement with the kernel that the differential fuzz (test/fuzz) found.

const packet: Packet = {
  family: "ipv4",
  src: "10.1.0.2",
  dst: "10.1.0.1",
  protocol: "udp",
  sport: 40000,
  dport: 53,
  ttl: 64,
  tos: 0,
  length: 28,
  mark: 0,
};

function host(rules: string, variant: "legacy" | "nft" = "nft", more: Partial<Host> = {}): Host {
  return {
    place: "r1",
    rulesets: [{ ...parseRuleset(rules, { family: "ipv4" }), variant }],
    links: [
      {
        ifindex: 2,
        name: "a0",
        kind: "veth",
        mtu: 1500,
        up: true,
        operState: "UP",
        addresses: [
          { family: "ipv4", address: "10.1.0.1", prefixLength: 24, scope: "global", secondary: false },
        ],
      },
    ],
    routes: [{ family: "ipv4", destination: "10.1.0.0/24", type: "unicast", table: "main", dev: "a0" }],
    sysctls: { "net.ipv4.ip_forward": "1" },
    ...more,
  };
}

const tablesAt = (of: Host, hook: string): string[] =>
  traverse(of, packet, { from: { in: "a0" } }).outcomes.flatMap(({ steps }) =>
    steps.flatMap((step) => (step.kind === "policy" && step.hook === hook ? [step.table] : [])),
  );

const everything = ["*security", "*nat", "*filter", "*mangle"]
  .map((table) => `${table}\n:INPUT ACCEPT [0:0]\nCOMMIT\n`)
  .join("");

test("in INPUT, iptables-nft's security table comes after nat, the legacy one before it", () => {
  expect(tablesAt(host(everything, "nft"), "INPUT")).toEqual(["mangle", "filter", "nat", "security"]);
  expect(tablesAt(host(everything, "legacy"), "INPUT")).toEqual(["mangle", "filter", "security", "nat"]);
});
