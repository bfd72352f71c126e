import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withSharedData } from "../../../test/shared-data";
import type { Link, Route } from "../../inspect/snapshot";
import { parseRuleset } from "../iptables";
import type { Host, Packet, Ruleset } from "../model";
import { recognise } from "../questions";
import { type Entry, type HostOutcome, traverse } from ".";

// The rules of Docker 29 in nine situations, from moby's documentation tests.

const bridge = (ifindex: number, name: string, address: string, prefixLength: number): Link => ({
  ifindex,
  name,
  kind: name === "eth0" ? "ether" : "bridge",
  mtu: 1500,
  up: true,
  operState: "UP",
  addresses: [
    { family: "ipv4", address, prefixLength, scope: name === "lo" ? "host" : "global", secondary: false },
  ],
});
const route = (destination: string, dev: string, source: string): Route => ({
  family: "ipv4",
  destination,
  type: "unicast",
  table: "main",
  dev,
  source,
});

/** The host of these dumps: its external network is 203.0.113.0/24, and its Docker networks are those in the rules. */
const hostOf = (name: string, rules: Ruleset): Host => ({
  place: "host",
  rulesets: [rules],
  links: [
    bridge(1, "lo", "127.0.0.1", 8),
    bridge(2, "eth0", "203.0.113.1", 24),
    bridge(3, "docker0", "172.17.0.1", 16),
    bridge(4, "docker_gwbridge", "172.18.0.1", 16),
    bridge(5, name === "usernet-internal" ? "bridgeICC" : "bridge1", "192.0.2.1", 24),
    bridge(6, "bridgeNoICC", "198.51.100.1", 24),
  ],
  routes: [
    route("203.0.113.0/24", "eth0", "203.0.113.1"),
    route("172.17.0.0/16", "docker0", "172.17.0.1"),
    route("172.18.0.0/16", "docker_gwbridge", "172.18.0.1"),
    route("192.0.2.0/24", name === "usernet-internal" ? "bridgeICC" : "bridge1", "192.0.2.1"),
    route("198.51.100.0/24", "bridgeNoICC", "198.51.100.1"),
    {
      family: "ipv4",
      destination: "0.0.0.0/0",
      type: "unicast",
      table: "main",
      dev: "eth0",
      via: "203.0.113.254",
    },
  ],
  sysctls: { "net.ipv4.ip_forward": "1", "net.ipv4.conf.all.route_localnet": "1" },
});

const tcp = (src: string, dst: string, dport: number): Packet => ({
  family: "ipv4",
  src,
  dst,
  protocol: "tcp",
  sport: 40_000,
  dport,
  tcpFlags: ["SYN"],
  ttl: 64,
  tos: 0,
  length: 60,
  mark: 0,
});
const ping = (src: string, dst: string): Packet => ({
  family: "ipv4",
  src,
  dst,
  protocol: "icmp",
  icmp: { type: 8, code: 0, id: 1 },
  ttl: 64,
  tos: 0,
  length: 84,
  mark: 0,
});

const OUTSIDE = "203.0.113.77";
const eth0: Entry = { in: "eth0" };
const from = (name: string): Entry => ({ in: name });
const local: Entry = { local: true };

interface Case {
  readonly dump: string;
  readonly name: string;
  readonly packet: Packet;
  readonly from: Entry;
  readonly verdict: "accept" | "drop";
  readonly ends: Partial<Packet>;
  /** Part of the rule that decided. */
  readonly by?: string;
}

const CASES: readonly Case[] = [
  {
    dump: "new-daemon",
    name: "a container reaches external hosts with the host's address",
    packet: tcp("172.17.0.2", OUTSIDE, 80),
    from: from("docker0"),
    verdict: "accept",
    ends: { src: "203.0.113.1", dst: OUTSIDE },
    by: "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
  },
  {
    dump: "new-daemon",
    name: "an external host does not reach a container directly",
    packet: tcp(OUTSIDE, "172.17.0.2", 80),
    from: eth0,
    verdict: "drop",
    ends: {},
    by: "-A DOCKER ! -i docker0 -o docker0 -j DROP",
  },
  {
    dump: "new-daemon",
    name: "the host itself reaches a container",
    packet: tcp("172.17.0.1", "172.17.0.2", 80),
    from: local,
    verdict: "accept",
    ends: { src: "172.17.0.1" },
  },
  {
    dump: "usernet-portmap",
    name: "a published port reaches the container",
    packet: tcp(OUTSIDE, "203.0.113.1", 8080),
    from: eth0,
    verdict: "accept",
    ends: { src: OUTSIDE, dst: "192.0.2.2", dport: 80 },
    by: "--dport 80 -j ACCEPT",
  },
  {
    dump: "usernet-portmap",
    name: "an external host does not reach the container's own address",
    packet: tcp(OUTSIDE, "192.0.2.2", 80),
    from: eth0,
    verdict: "drop",
    ends: {},
    by: "-A PREROUTING -d 192.0.2.2/32 ! -i bridge1 -j DROP",
  },
  {
    dump: "usernet-portmap",
    name: "the host reaches its own published port from the bridge's address",
    packet: tcp("203.0.113.1", "203.0.113.1", 8080),
    from: local,
    verdict: "accept",
    ends: { dst: "192.0.2.2", dport: 80 },
  },
  {
    dump: "usernet-portmap",
    name: "127.0.0.1 is handled by the userland proxy",
    packet: tcp("127.0.0.1", "127.0.0.1", 8080),
    from: local,
    verdict: "accept",
    ends: { dst: "127.0.0.1", dport: 8080 },
  },
  {
    dump: "usernet-portmap",
    name: "a container of another network does not reach it",
    packet: tcp("172.17.0.2", "192.0.2.2", 81),
    from: from("docker0"),
    verdict: "drop",
    ends: {},
    by: "-A PREROUTING -d 192.0.2.2/32 ! -i bridge1 -j DROP",
  },
  {
    dump: "usernet-portmap-lo",
    name: "an external host does not reach a port published on 127.0.0.1",
    packet: tcp(OUTSIDE, "127.0.0.1", 8080),
    from: eth0,
    verdict: "drop",
    ends: {},
    by: "-A PREROUTING -d 127.0.0.1/32 ! -i lo",
  },
  {
    dump: "usernet-internal",
    name: "an internal network does not reach external hosts",
    packet: tcp("192.0.2.2", OUTSIDE, 80),
    from: from("bridgeICC"),
    verdict: "drop",
    ends: {},
    by: "-A DOCKER-INTERNAL ! -d 192.0.2.0/24 -i bridgeICC -j DROP",
  },
  {
    dump: "usernet-internal",
    name: "an external host does not reach an internal network",
    packet: tcp(OUTSIDE, "192.0.2.2", 80),
    from: eth0,
    verdict: "drop",
    ends: {},
    by: "-A DOCKER-INTERNAL ! -s 192.0.2.0/24 -o bridgeICC -j DROP",
  },
  {
    dump: "usernet-internal",
    name: "containers of an internal network reach each other",
    packet: tcp("192.0.2.2", "192.0.2.3", 80),
    from: from("bridgeICC"),
    verdict: "accept",
    ends: {},
    by: "-i bridgeICC -o bridgeICC -j ACCEPT",
  },
  {
    dump: "usernet-internal",
    name: "with ICC off, containers do not reach each other",
    packet: tcp("198.51.100.2", "198.51.100.3", 80),
    from: from("bridgeNoICC"),
    verdict: "drop",
    ends: {},
    by: "-i bridgeNoICC -o bridgeNoICC -j DROP",
  },
  {
    dump: "usernet-portmap-noicc",
    name: "with ICC off, a container still reaches external hosts",
    packet: tcp("192.0.2.2", OUTSIDE, 80),
    from: from("bridge1"),
    verdict: "accept",
    ends: { src: "203.0.113.1" },
    by: "-A POSTROUTING -s 192.0.2.0/24 ! -o bridge1 -j MASQUERADE",
  },
  {
    dump: "usernet-portmap-noicc",
    name: "with ICC off, a published port is still reachable",
    packet: tcp(OUTSIDE, "203.0.113.1", 8080),
    from: eth0,
    verdict: "accept",
    ends: { dst: "192.0.2.2" },
    by: "--dport 80 -j ACCEPT",
  },
  {
    dump: "usernet-portmap-noicc",
    name: "with ICC off, two containers do not reach each other",
    packet: tcp("192.0.2.2", "192.0.2.3", 80),
    from: from("bridge1"),
    verdict: "drop",
    ends: {},
    by: "-i bridge1 -o bridge1 -j DROP",
  },
  {
    dump: "usernet-portmap-noproxy",
    name: "a container reaches itself through its published port",
    packet: tcp("192.0.2.2", "203.0.113.1", 8080),
    from: from("bridge1"),
    verdict: "accept",
    ends: { src: "192.0.2.1", dst: "192.0.2.2", dport: 80 },
    by: "-A POSTROUTING -s 192.0.2.2/32 -d 192.0.2.2/32",
  },
  {
    dump: "usernet-portmap-noproxy",
    name: "without the proxy, 127.0.0.1 also reaches the container",
    packet: tcp("127.0.0.1", "127.0.0.1", 8080),
    from: local,
    verdict: "accept",
    ends: { src: "192.0.2.1", dst: "192.0.2.2", dport: 80 },
    by: "-A POSTROUTING -o bridge1 -m addrtype --src-type LOCAL -j MASQUERADE",
  },
  {
    dump: "usernet-portmap-routed",
    name: "a published port of a routed network is reachable without NAT",
    packet: tcp(OUTSIDE, "192.0.2.2", 80),
    from: eth0,
    verdict: "accept",
    ends: { dst: "192.0.2.2", dport: 80 },
    by: "--dport 80 -j ACCEPT",
  },
  {
    dump: "usernet-portmap-routed",
    name: "a routed network answers ping",
    packet: ping(OUTSIDE, "192.0.2.2"),
    from: eth0,
    verdict: "accept",
    ends: {},
    by: "-A DOCKER -o bridge1 -p icmp -j ACCEPT",
  },
  {
    dump: "usernet-portmap-routed",
    name: "other ports of a routed network are not reachable",
    packet: tcp(OUTSIDE, "192.0.2.2", 81),
    from: eth0,
    verdict: "drop",
    ends: {},
    by: "-A DOCKER ! -i bridge1 -o bridge1 -j DROP",
  },
  {
    dump: "usernet-portmap-natunprot",
    name: "all ports of an unprotected network are reachable",
    packet: tcp(OUTSIDE, "192.0.2.2", 81),
    from: eth0,
    verdict: "accept",
    ends: {},
    by: "-A DOCKER ! -i bridge1 -o bridge1 -j ACCEPT",
  },
  {
    dump: "swarm-portmap",
    name: "the port of a Swarm service is sent to the ingress network",
    packet: tcp(OUTSIDE, "203.0.113.1", 8080),
    from: eth0,
    verdict: "accept",
    ends: { dst: "172.18.0.2", dport: 8080 },
    by: "-A DOCKER-INGRESS -p tcp -m tcp --dport 8080 -j ACCEPT",
  },
  {
    dump: "swarm-portmap",
    name: "a container of a Swarm service reaches external hosts",
    packet: tcp("172.18.0.3", OUTSIDE, 443),
    from: from("docker_gwbridge"),
    verdict: "accept",
    ends: { src: "203.0.113.1" },
    by: "-i docker_gwbridge ! -o docker_gwbridge -j ACCEPT",
  },
  {
    dump: "swarm-portmap",
    name: "containers do not reach each other on docker_gwbridge",
    packet: tcp("172.18.0.3", "172.18.0.4", 443),
    from: from("docker_gwbridge"),
    verdict: "drop",
    ends: {},
    by: "-i docker_gwbridge -o docker_gwbridge -j DROP",
  },
];

const only = (outcomes: readonly HostOutcome[]): HostOutcome => {
  const [outcome] = outcomes;
  if (outcome === undefined || outcomes.length > 1)
    throw new Error(`expected one outcome, found ${outcomes.length}`);
  return outcome;
};

withSharedData("docker", CASES.length, (folder) => {
  const read = (name: string): Ruleset =>
    parseRuleset(readFileSync(join(folder, `${name}.iptables-save`), "utf8"), { family: "ipv4" });
  const dumps = readdirSync(folder).map((name) => name.replace(".iptables-save", ""));

  test("each of Docker's rule sets has its cases", () => {
    expect([...new Set(CASES.map(({ dump }) => dump))].sort()).toEqual([...dumps].sort());
  });

  test.each(CASES)("$dump: $name", ({ dump, packet, from: entry, verdict, ends, by }) => {
    const outcome = only(traverse(hostOf(dump, read(dump)), packet, { from: entry }).outcomes);
    expect(outcome).toMatchObject({ verdict, certain: true, packet: ends });
    const rules = outcome.steps.flatMap((step) => (step.kind === "rule" ? [step.rule.text] : []));
    if (by !== undefined) expect(rules.some((text) => text.includes(by))).toBe(true);
  });

  test.each(dumps)("%s: each chain of Docker is recognised", (name) => {
    for (const table of read(name).tables.values())
      for (const { name: chain } of table.chains.values())
        if (chain.startsWith("DOCKER")) expect(recognise(chain)?.by).toBe("Docker");
  });
  return CASES.length;
});
