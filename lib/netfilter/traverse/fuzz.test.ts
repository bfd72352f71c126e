import { parseRuleset } from "../iptables";
import type { Host, Packet } from "../model";
import { expectedPasses } from "../trace/expect";
import { traverse } from "./traverse";

// Each case is a difference to the kernel that the differential fuzzer (test/fuzz) found.

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
  .concat("*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j CT --zone 1\nCOMMIT\n")
  .join("");

test("in INPUT, the security table runs after nat with iptables-nft, and before it with iptables-legacy", () => {
  expect(tablesAt(host(everything, "nft"), "INPUT")).toEqual(["mangle", "filter", "nat", "security"]);
  expect(tablesAt(host(everything, "legacy"), "INPUT")).toEqual(["mangle", "filter", "security", "nat"]);
});

test("without a connection, -m conntrack matches if its own --ctstate does, not that of another match", () => {
  const invalid: Packet = { ...packet, protocol: "tcp", tcpFlags: ["SYN", "FIN"] };
  const hits = (options: string): boolean => {
    const rules = `*filter\n:INPUT ACCEPT [0:0]\n-A INPUT ${options} -j ACCEPT\nCOMMIT\n`;
    const { outcomes } = traverse(host(rules), invalid, { from: { in: "a0" } });
    return outcomes.some(({ steps }) => steps.some(({ kind }) => kind === "rule"));
  };
  expect(hits("-m conntrack --ctproto 6 --ctstate INVALID")).toBe(true);
  expect(hits("-m conntrack --ctproto 6 -m state --state INVALID")).toBe(false);
  expect(hits("-m conntrack --ctproto 6")).toBe(false);
});

test("the source of a broadcast is validated, and a link-layer broadcast is not forwarded", () => {
  const strict = host("*filter\nCOMMIT\n", "nft", {
    sysctls: { "net.ipv4.ip_forward": "1", "net.ipv4.conf.a0.rp_filter": "1" },
  });
  const toAll = { ...packet, src: "8.8.8.8", dst: "255.255.255.255" };
  expect(traverse(strict, toAll, { from: { in: "a0" } }).outcomes[0]?.verdict).toBe("drop");
  const wide: Packet = { ...packet, dst: "10.1.0.77", pktType: "broadcast" };
  expect(traverse(host("*filter\nCOMMIT\n"), wide, { from: { in: "a0" } }).outcomes[0]?.verdict).toBe("drop");
});

test("a SYN does not reopen a connection that a RST of the other end has closed", () => {
  const router = host("*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m conntrack --ctstate NEW\nCOMMIT\n");
  const tcp = (flags: Packet["tcpFlags"], back = false): Packet => ({
    ...packet,
    ...(back ? { src: packet.dst, dst: packet.src, sport: 53, dport: 40000 } : {}),
    protocol: "tcp",
    ...(flags === undefined ? {} : { tcpFlags: flags }),
  });
  const run = (closing: Packet, local: boolean): string | undefined => {
    const from = { in: "a0" } as const;
    const own = { local: true } as const;
    const first = traverse(router, tcp(["SYN"]), { from }).outcomes[0];
    const answered =
      first && traverse(router, tcp(["SYN", "ACK"], true), { from: own, state: first.state }).outcomes[0];
    const reset =
      answered && traverse(router, closing, { from: local ? own : from, state: answered.state }).outcomes[0];
    const again = reset && traverse(router, tcp(["SYN"]), { from, state: reset.state }).outcomes[0];
    const step = again?.steps.find(({ kind }) => kind === "conntrack");
    return step?.kind === "conntrack" ? step.state : undefined;
  };
  expect(run(tcp(["RST"], true), true)).toBe("ESTABLISHED");
  expect(run(tcp(["RST"]), false)).toBe("NEW");
});

test("after a CT target, another CT or NOTRACK has no effect", () => {
  const rules =
    "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j CT --zone 5\n-A PREROUTING -j NOTRACK\nCOMMIT\n";
  const { outcomes } = traverse(host(rules), packet, { from: { in: "a0" } });
  const step = outcomes[0]?.steps.find(({ kind }) => kind === "conntrack");
  expect(step).toMatchObject({ kind: "conntrack", state: "NEW" });
});

test("a NAT rule reports ACCEPT if routing then drops the packet, and DROP if there is no address", () => {
  const verdicts = (rule: string): unknown => {
    const strict = host(`*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING ${rule}\nCOMMIT\n`, "nft", {
      links: [
        { ifindex: 2, name: "a0", kind: "veth", mtu: 1500, up: true, operState: "UP", addresses: [] },
        { ifindex: 3, name: "x0", kind: "veth", mtu: 1500, up: true, operState: "UP", addresses: [] },
      ],
      sysctls: { "net.ipv4.ip_forward": "1", "net.ipv4.conf.x0.rp_filter": "1" },
    });
    const [outcome] = traverse(strict, packet, { from: { in: "x0" } }).outcomes;
    expect(outcome?.verdict).toBe("drop");
    return expectedPasses(outcome?.steps ?? []).flatMap(({ events }) => events.map(({ verdict }) => verdict));
  };
  expect(verdicts("-j DNAT --to-destination 10.1.0.8")).toEqual([{ kind: "ACCEPT" }]);
  expect(verdicts("-j REDIRECT")).toEqual([{ kind: "DROP" }]);
});

test("the kernel traces a packet that no table sees and conntrack does not track (seed 31000010)", () => {
  const quiet = host("*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -m mark --mark 1\nCOMMIT\n");
  const [outcome] = traverse(quiet, { ...packet, dst: "10.9.0.1" }, { from: { in: "a0" } }).outcomes;
  expect(expectedPasses(outcome?.steps ?? [])).toMatchObject([{ place: "r1", events: [] }]);
});
