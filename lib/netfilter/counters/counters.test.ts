import { parseRuleset } from "../iptables";
import type { Packet } from "../model";
import { traverse } from "../traverse";
import { expectedCounts, judgeConnection, judgeCounts, keysOf, type Round, tallyOf } from ".";

/** A dump like that of `iptables-save -c`, with the counters of its rules in order. */
const dump = (...counts: readonly number[]): string => {
  const [tcp = 0, web = 0, mail = 0, jump = 0] = counts;
  return `*filter
:INPUT ACCEPT [${counts[4] ?? 0}:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:LOGGED - [0:0]
[${jump}:0] -A INPUT -j LOGGED
[${web}:0] -A INPUT -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xffffffff
[${mail}:0] -A INPUT -p tcp -m tcp --dport 25 -j DROP
[${tcp}:0] -A LOGGED -p tcp -j RETURN
COMMIT
`;
};
const read = (text: string) => [{ ...parseRuleset(text, { family: "ipv4" }), variant: "legacy" as const }];
const rulesets = read(dump());
const packet: Packet = {
  family: "ipv4",
  src: "192.0.2.9",
  dst: "192.0.2.1",
  protocol: "tcp",
  sport: 40_000,
  dport: 80,
  tcpFlags: ["SYN"],
  ttl: 64,
  tos: 0,
  length: 60,
  mark: 0,
};
const links = [
  {
    ifindex: 2,
    name: "eth0",
    kind: "ether",
    mtu: 1500,
    up: true,
    operState: "UP",
    addresses: [
      { family: "ipv4" as const, address: "192.0.2.1", prefixLength: 24, scope: "global", secondary: false },
    ],
  },
];
const traversal = traverse({ place: "host", rulesets, links, routes: [], sysctls: {} }, packet, {
  from: { in: "eth0" },
});
const outcomes = traversal.outcomes.map(({ steps }) => steps);
const expected = expectedCounts("host", rulesets, { outcomes, after: [] });

const round = (sent: number, before: readonly number[], after: readonly number[]): Round => ({
  sent,
  before: tallyOf(read(dump(...before)), "ipv4"),
  after: tallyOf(read(dump(...after)), "ipv4"),
  milliseconds: 1000,
});
const quiet = round(0, [5, 5, 5, 5, 5], [5, 5, 5, 5, 5]);
/** The results for: the rule of LOGGED, port 80, port 25, the jump, the policy. */
const results = (...rounds: readonly Round[]) => {
  const { agrees, rules } = judgeCounts(expected, rounds);
  const about = (part: string) => rules.find(({ expected: { text } }) => text.includes(part))?.says;
  return [agrees, ...["RETURN", "--dport 80", "--dport 25", "-j LOGGED", "policy"].map(about)];
};

test("a prediction contains the counters that must grow and those that must not", () => {
  expect(expected.map(({ text, says, least }) => [text, says, least])).toEqual([
    ["-A INPUT -j LOGGED", "matches", 1],
    ["-A LOGGED -p tcp -j RETURN", "matches", 1],
    ["-A INPUT -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xffffffff", "matches", 1],
    ["-A INPUT -p tcp -m tcp --dport 25 -j DROP", "passes", 0],
    ["policy ACCEPT", "matches", 1],
  ]);
});

test.each<[string, readonly Round[], readonly unknown[]]>([
  [
    "all counters agree if they grew by what was sent",
    [quiet, round(8, [5, 5, 5, 5, 5], [13, 13, 5, 13, 13])],
    [true, "agrees", "agrees", "agrees", "agrees", "agrees"],
  ],
  [
    "a rule that should match differs if it grew by less than was sent, regardless of other traffic",
    [round(0, [0, 0, 0, 0, 0], [90, 90, 0, 90, 90]), round(8, [5, 5, 5, 5, 5], [13, 12, 5, 13, 13])],
    [false, "unsure", "differs", "agrees", "unsure", "unsure"],
  ],
  [
    "a rule that should not match differs if it grew by everything that was sent",
    [quiet, round(8, [5, 5, 5, 5, 5], [13, 13, 13, 13, 13])],
    [false, "agrees", "agrees", "differs", "agrees", "agrees"],
  ],
  [
    "a rule that should not match agrees if it grew by less, because of other traffic",
    [quiet, round(8, [5, 5, 5, 5, 5], [13, 13, 12, 13, 13])],
    [true, "agrees", "agrees", "agrees", "agrees", "agrees"],
  ],
  [
    "the result is unsure if there is as much other traffic",
    [round(0, [0, 0, 0, 0, 0], [9, 9, 9, 9, 9]), round(8, [5, 5, 5, 5, 5], [25, 25, 25, 25, 25])],
    [undefined, "unsure", "unsure", "unsure", "unsure", "unsure"],
  ],
  [
    "a flow with many more packets than other traffic is distinguishable",
    [round(0, [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]), round(8, [5, 5, 5, 5, 5], [14, 14, 6, 14, 14])],
    [true, "agrees", "agrees", "agrees", "agrees", "agrees"],
  ],
  [
    "the result is unsure if the counter was reset",
    [quiet, round(8, [5, 5, 5, 5, 5], [1, 13, 5, 13, 13])],
    [true, "unsure", "agrees", "agrees", "agrees", "agrees"],
  ],
  [
    "the result is unsure for a policy that never counts (iptables-nft creates base chains without a counter)",
    [round(0, [5, 5, 5, 5, 0], [5, 5, 5, 5, 0]), round(8, [5, 5, 5, 5, 0], [13, 13, 5, 13, 0])],
    [true, "agrees", "agrees", "agrees", "agrees", "unsure"],
  ],
  [
    "no matching rule is confirmed if other traffic was not measured",
    [round(8, [0, 0, 0, 0, 0], [8, 8, 0, 8, 8])],
    [undefined, "unsure", "unsure", "agrees", "unsure", "unsure"],
  ],
])("%s", (_name, rounds, verdicts) => {
  expect(results(...rounds)).toEqual(verdicts);
});

test("a rule that matches a later packet of the connection is left out", () => {
  const mail = traverse(
    { place: "host", rulesets, links, routes: [] },
    { ...packet, dport: 25 },
    { from: { in: "eth0" } },
  );
  const both = expectedCounts("host", rulesets, { outcomes, after: mail.outcomes.map(({ steps }) => steps) });
  expect(both.map(({ text }) => text)).not.toContain("-A INPUT -p tcp -m tcp --dport 25 -j DROP");
});

test("a rule keeps its key if others are inserted before it, and equal rules have different keys", () => {
  const rules = (lines: string) => read(`*filter\n:INPUT ACCEPT [0:0]\n${lines}COMMIT\n`);
  const [a, b] = [
    rules("-A INPUT -j ACCEPT\n"),
    rules("-A INPUT -j DROP\n-A INPUT -j ACCEPT\n-A INPUT -j ACCEPT\n"),
  ];
  const [accept] = keysOf(a).values();
  const keys = [...keysOf(b).values()];
  expect(keys[1]).toBe(accept);
  expect(new Set(keys).size).toBe(3);
});

describe("comparing a connection with conntrack", () => {
  const nat = read(`*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.2:8080
COMMIT
`);
  const routes = [
    {
      family: "ipv4" as const,
      destination: "10.0.0.0/24",
      type: "unicast" as const,
      table: "main",
      dev: "eth1",
    },
  ];
  const sysctls = { "net.ipv4.ip_forward": "1" };
  const [outcome] = traverse({ place: "host", rulesets: nat, links, routes, sysctls }, packet, {
    from: { in: "eth0" },
  }).outcomes;
  const steps = outcome?.steps ?? [];
  const entry = (replySrc: string, sport = 40_000) => ({
    family: "ipv4" as const,
    protocol: "tcp",
    original: { src: packet.src, dst: packet.dst, sport, dport: 80 },
    reply: { src: replySrc, dst: packet.src, sport: 8080, dport: sport },
    assured: false,
    unreplied: true,
    mark: 0,
    zone: 0,
  });

  test.each([
    ["the connection with the predicted translation agrees", [entry("10.0.0.2")], "agrees"],
    ["another translation differs", [entry("10.0.0.3")], "differs"],
    ["another connection differs", [entry("10.0.0.2", 40_001)], "differs"],
  ] as const)("%s", (_name, entries, says) => {
    expect(judgeConnection("host", steps, entries)?.says).toBe(says);
  });

  test("a place that is not on the path has no result", () => {
    expect(judgeConnection("elsewhere", steps, [entry("10.0.0.2")])).toBeUndefined();
  });
});
