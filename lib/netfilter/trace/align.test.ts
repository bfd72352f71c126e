import { readFileSync } from "node:fs";
import { join } from "node:path";
import { link, route } from "../../../test/netfilter/router";
import { parseRuleset } from "../iptables";
import type { Packet, Traversal } from "../model";
import { FRESH, traverse } from "../traverse";
import { type Agreement, alignTrace } from "./align";
import { LoadedRules } from "./read/loaded";
import { groupPackets } from "./read/packets";
import { parseTrace } from "./read/reader";

const golden = (name: string): string => readFileSync(join(__dirname, "golden", name), "utf8");
const loaded = new LoadedRules(golden("ruleset.txt"));
const recorded = groupPackets(parseTrace(golden("nft-monitor.txt")).events, loaded);

/** The model's prediction for the router of the recording, with these rules. */
function predict(rules: string, packet: Packet): Traversal {
  const host = {
    place: "router",
    rulesets: [{ ...parseRuleset(rules, { family: "ipv4" }), variant: "nft" as const }],
    links: [link(2, "vc", "10.0.0.1/24"), link(3, "vs", "192.168.0.1/24")],
    routes: [route("10.0.0.0/24", "vc"), route("192.168.0.0/24", "vs")],
    sysctls: { "net.ipv4.ip_forward": "1" },
  };
  return traverse(host, packet, { from: { in: "vc" }, state: FRESH });
}

/** Compares the recorded packet to this destination, as sent by the client, with the model's path. */
function align(rules: string, wanted: { dst: string; dport: number }): Agreement {
  const seen = recorded.find(({ header }) => header?.dst === wanted.dst && header.dport === wanted.dport);
  const { src = "", sport = 0, protocol = "", ttl = 0, flags } = seen?.header ?? {};
  const packet: Packet = {
    family: "ipv4",
    src,
    protocol,
    sport,
    ...wanted,
    ttl,
    tos: 0,
    length: 60,
    mark: 0,
    ...(flags === undefined ? {} : { tcpFlags: flags }),
  };
  return alignTrace(predict(rules, packet), [{ place: "router", packets: recorded, loaded }]);
}

const rules = golden("rules.txt");
const service = { dst: "172.30.0.41", dport: 80 };

test("all events of the recorded connection to the service agree with the prediction", () => {
  const agreement = align(rules, service);
  expect(agreement).toMatchObject({ agrees: true, outcome: 0 });
  // All of its events in iptables' tables.
  const seen = agreement.packets[0]?.packet.visits.flatMap((visit) => visit.events);
  expect(agreement.events).toBe(seen?.length);
});

test("REJECT, goto to a chain that ends, and a drop by policy agree", () => {
  expect(align(rules, { dst: "10.0.0.1", dport: 99 }).agrees).toBe(true);
  expect(align(rules, { dst: "10.0.0.1", dport: 98 }).agrees).toBe(true);
  expect(align(rules, { dst: "192.168.0.10", dport: 53 }).agrees).toBe(true);
});

test("native nf_tables rules that accept the packet are ignored", () => {
  expect(align(rules, { dst: "10.0.0.1", dport: 97 }).agrees).toBe(true);
});

test("a native nf_tables rule that drops the packet is a difference", () => {
  expect(align(rules, { dst: "10.0.0.1", dport: 96 }).difference?.text).toMatch(
    /native nf_tables rule inet own input|own input rule 1/,
  );
});

test("a rule that matched only in the kernel is a difference, with the reason of the model", () => {
  const other = rules.replace(
    "-d 172.30.0.41/32 -p tcp -m tcp --dport 80 -j SVC",
    "-d 172.30.0.42/32 -p tcp -m tcp --dport 80 -j SVC",
  );
  const { agrees, difference } = align(other, service);
  expect(agrees).toBe(false);
  expect(difference?.text).toMatch(
    /^router: the prediction was nat PREROUTING policy accept, but the kernel reported nat PREROUTING rule 1 .*which did not match in the prediction because /,
  );
});

test("a difference of the header is described", () => {
  const other = rules
    .replace("--set-xmark 0x7/0xff", "--set-xmark 0x8/0xff")
    .replace("-j DNAT --to-destination 192.168.0.10:8080", "-j DNAT --to-destination 192.168.0.11:8080");
  expect(align(other, service).difference?.text).toContain(
    "the destination address was predicted as 192.168.0.11, but is 192.168.0.10",
  );
});

test("a packet that the kernel did not report, and a trace that ends early, are differences", () => {
  const traversal = predict(rules, {
    family: "ipv4",
    src: "10.0.0.2",
    dst: "192.168.0.99",
    protocol: "tcp",
    sport: 1,
    dport: 2,
    ttl: 64,
    tos: 0,
    length: 60,
    mark: 0,
  });
  const nothing = alignTrace(traversal, [{ place: "router", packets: [], loaded }]);
  expect(nothing.difference?.text).toMatch(
    /^router: the kernel reported no packet tcp 10\.0\.0\.2:1 → 192\.168\.0\.99:2/,
  );

  const cut = recorded.map((packet) => ({ ...packet, visits: packet.visits.slice(0, 2) }));
  const seen = recorded.find(({ header }) => header?.dport === service.dport)?.header;
  const short = predict(rules, {
    family: "ipv4",
    src: "10.0.0.2",
    ...service,
    protocol: "tcp",
    sport: seen?.sport ?? 0,
    ttl: 64,
    tos: 0,
    length: 60,
    mark: 0,
  });
  expect(alignTrace(short, [{ place: "router", packets: cut, loaded }]).difference?.text).toMatch(
    /the kernel reported nothing more after mangle PREROUTING/,
  );
});

test("a namespace that was not traced is not compared", () => {
  const traversal = predict(rules, {
    family: "ipv4",
    src: "10.0.0.2",
    dst: "192.168.0.99",
    protocol: "udp",
    sport: 1,
    dport: 2,
    ttl: 64,
    tos: 0,
    length: 60,
    mark: 0,
  });
  expect(alignTrace(traversal, [{ place: "elsewhere", packets: [] }])).toMatchObject({
    agrees: true,
    events: 0,
  });
});
