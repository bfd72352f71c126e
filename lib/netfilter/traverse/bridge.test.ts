import { link } from "../../../test/netfilter/router";
import { parseRuleset } from "../iptables";
import type { Host, Packet } from "../model";
import { type HostOutcome, traverse } from ".";

// Measured on kernel 6.18 with br_netfilter: a bridge br0 (10.9.0.1) with the ports p1 (10.9.0.2) and p2 (10.9.0.3). The
// expected values are the rules that counted a frame which arrived on p1.

const RULES = `*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -i br0 -m physdev --physdev-in p1 -m comment --comment raw-br0-p1
-A PREROUTING -i p1 -m comment --comment raw-p1
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 1001 -j DNAT --to-destination 10.9.0.3
-A PREROUTING -p udp -m udp --dport 1002 -j DNAT --to-destination 10.9.0.1
-A PREROUTING -p udp -m udp --dport 1003 -j DNAT --to-destination 10.9.0.2
-A POSTROUTING -o br0 -p udp -m comment --comment post-br0
-A POSTROUTING -p udp -m physdev --physdev-out p2 --physdev-is-bridged -m comment --comment post-phys
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i br0 -p udp -m comment --comment in-br0
-A INPUT -p udp -m physdev --physdev-in p1 -m comment --comment in-phys
-A FORWARD -i br0 -o br0 -p udp -m comment --comment fwd-br0-br0
-A FORWARD -p udp -m physdev --physdev-in p1 --physdev-out p2 -m comment --comment fwd-phys
-A FORWARD -p udp -m physdev --physdev-is-bridged -m comment --comment fwd-bridged
-A FORWARD -p udp -m ttl --ttl-eq 64 -m comment --comment fwd-ttl64
-A FORWARD -p udp -m ttl --ttl-eq 63 -m comment --comment fwd-ttl63
-A FORWARD -p udp -m udp --dport 1005 -j REJECT --reject-with icmp-port-unreachable
COMMIT
`;

const bridge = (calls: boolean, hairpin = false): Host => ({
  place: "bridge",
  rulesets: [parseRuleset(RULES, { family: "ipv4" })],
  links: [
    { ...link(2, "br0", "10.9.0.1/24"), kind: "bridge" },
    { ...link(3, "p1"), master: "br0", hairpin },
    { ...link(4, "p2"), master: "br0" },
  ],
  routes: [
    {
      family: "ipv4",
      destination: "10.9.0.0/24",
      type: "unicast",
      table: "main",
      dev: "br0",
      source: "10.9.0.1",
    },
  ],
  sysctls: { "net.ipv4.ip_forward": "1", ...(calls ? { "net.bridge.bridge-nf-call-iptables": "1" } : {}) },
});

const PORTS: Readonly<Record<string, string>> = { "10.9.0.2": "p1", "10.9.0.3": "p2", "10.9.0.77": "p2" };

function send(dst: string, dport: number, calls = true, hairpin = false): HostOutcome {
  const packet: Packet = {
    family: "ipv4",
    src: "10.9.0.2",
    dst,
    protocol: "udp",
    sport: 5555,
    dport,
    ttl: 64,
    tos: 0,
    length: 29,
    mark: 0,
  };
  const portFor = (address: string): string | undefined => PORTS[address];
  const from = dst === "10.9.0.1" ? { in: "p1", portFor } : { in: "p1", bridgedTo: portFor };
  const [outcome] = traverse(bridge(calls, hairpin), packet, { from }).outcomes;
  if (outcome === undefined) throw new Error("no outcome");
  return outcome;
}

const counted = ({ steps }: HostOutcome): string[] =>
  steps.flatMap((step) =>
    step.kind === "rule" ? [/--comment (\S+)/.exec(step.rule.text)?.[1] ?? step.rule.action.kind] : [],
  );

const BRIDGED = ["fwd-br0-br0", "fwd-phys", "fwd-bridged", "fwd-ttl64"];

describe("frames on a bridge", () => {
  test.each([
    [
      "pass FORWARD and POSTROUTING with the bridge as both devices, and keep their TTL",
      "10.9.0.3",
      1000,
      ["raw-br0-p1", ...BRIDGED, "post-br0", "post-phys"],
    ],
    [
      "are bridged after DNAT to an address on the same bridge",
      "10.9.0.77",
      1001,
      ["raw-br0-p1", "dnat", ...BRIDGED, "post-br0", "post-phys"],
    ],
    [
      "are delivered to the host after DNAT to its address",
      "10.9.0.3",
      1002,
      ["raw-br0-p1", "dnat", "in-br0", "in-phys"],
    ],
    ["are not sent back on the port they came from", "10.9.0.3", 1003, ["raw-br0-p1", "dnat"]],
    ["are rejected like routed packets", "10.9.0.3", 1005, ["raw-br0-p1", ...BRIDGED, "reject"]],
    [
      "for the bridge itself have the bridge as device, and the port in physdev",
      "10.9.0.1",
      1006,
      ["raw-br0-p1", "in-br0", "in-phys"],
    ],
    [
      "for the bridge itself are bridged after DNAT to an address on the same bridge, and keep their TTL",
      "10.9.0.1",
      1001,
      ["raw-br0-p1", "dnat", ...BRIDGED, "post-br0", "post-phys"],
    ],
  ])("%s", (_name, dst, dport, rules) => {
    expect(counted(send(dst, dport))).toEqual(rules);
  });

  test("are sent back on the port they came from if its hairpin mode is on", () => {
    const outcome = send("10.9.0.1", 1003, true, true);
    expect(outcome.left).toEqual({ dev: "p1", nexthop: "10.9.0.2" });
    expect(counted(outcome)).toContain("fwd-br0-br0");
    expect(send("10.9.0.1", 1003).verdict).toBe("drop");
  });

  test("pass no rules if br_netfilter is off", () => {
    expect(counted(send("10.9.0.3", 1000, false))).toEqual([]);
  });
});
