import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTrace } from "./trace";

interface Told {
  readonly code: number;
  readonly error: string;
  readonly assumed: readonly string[];
  readonly unknown: readonly string[];
  readonly outcomes: readonly {
    readonly verdict: string;
    readonly certain: boolean;
    readonly dependsOn: readonly string[];
    readonly path: readonly { readonly text: string }[];
  }[];
}

const EMPTY = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`;
const address = (local: string, prefixlen: number) => ({ family: "inet", local, prefixlen, scope: "global" });
const device = (ifindex: number, ifname: string, local: string, more: object = {}) => ({
  ifindex,
  ifname,
  flags: ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
  mtu: 1500,
  operstate: "UP",
  link_type: "ether",
  addr_info: [address(local, 24)],
  ...more,
});
const ADDRESSES = [device(2, "e0", "10.1.0.1"), device(3, "e1", "10.2.0.1"), device(4, "e2", "10.3.0.1")];
const connected = (dst: string, dev: string, prefsrc: string) => ({
  dst,
  dev,
  protocol: "kernel",
  scope: "link",
  prefsrc,
  flags: [],
});
const ROUTES = [
  { dst: "default", gateway: "10.3.0.9", dev: "e2", flags: [] },
  connected("10.1.0.0/24", "e0", "10.1.0.1"),
  connected("10.2.0.0/24", "e1", "10.2.0.1"),
  connected("10.3.0.0/24", "e2", "10.3.0.1"),
];
const TABLE_100 = { dst: "default", gateway: "10.2.0.9", dev: "e1", table: "100", flags: [] };
const LOCAL_TABLE = ["10.1.0.1", "10.2.0.1", "10.3.0.1"].map((dst, at) => ({
  type: "local",
  dst,
  dev: `e${at}`,
  table: "local",
  flags: [],
}));
const RULES = [
  { priority: 0, src: "all", table: "local" },
  { priority: 32766, src: "all", table: "main" },
  { priority: 32767, src: "all", table: "default" },
];

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wirebook-assumptions-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

interface Given {
  readonly dump?: string;
  readonly rules?: readonly object[];
  readonly routes?: readonly object[];
  readonly addresses?: readonly object[];
  readonly sysctl?: readonly string[];
  readonly more?: readonly string[];
}

const FORWARDED = [
  "--in",
  "e0",
  "--src",
  "10.1.0.9",
  "--dst",
  "8.8.8.8",
  "--proto",
  "tcp",
  "--sport",
  "5",
  "--dport",
  "80",
];
const TO_HOST = [
  "--in",
  "e0",
  "--src",
  "10.1.0.9",
  "--dst",
  "10.1.0.1",
  "--proto",
  "udp",
  "--sport",
  "5",
  "--dport",
  "80",
];
const FORWARDS = [
  "net.ipv4.ip_forward=1",
  "net.ipv4.conf.all.rp_filter=0",
  ...["e0", "e1", "e2"].map((name) => `net.ipv4.conf.${name}.rp_filter=0`),
];

function ask(packet: readonly string[], given: Given = {}): Told {
  const { dump = EMPTY, rules, routes = ROUTES, addresses = ADDRESSES, sysctl = [], more = [] } = given;
  let [out, error] = ["", ""];
  const code = runTrace(
    [
      "--rules",
      file("rules", dump),
      "--routes",
      file("routes", routes),
      "--addresses",
      file("addresses", addresses),
      ...(rules === undefined ? [] : ["--policy-rules", file("policy", rules)]),
      ...sysctl.flatMap((text) => ["--sysctl", text]),
      ...packet,
      ...more,
      "--json",
    ],
    {
      out: (text) => {
        out += text;
      },
      error: (text) => {
        error += text;
      },
      colour: false,
    },
  );
  return { ...(code === 0 ? JSON.parse(out) : {}), code, error };
}

const verdicts = ({ outcomes }: Told) => outcomes.map(({ verdict, dependsOn }) => [verdict, ...dependsOn]);
const named = (told: Told, words: string): void => {
  expect(told.outcomes.length).toBeGreaterThan(0);
  for (const { certain, dependsOn } of told.outcomes)
    expect([certain, dependsOn.join("\n")]).toEqual([false, expect.stringContaining(words)]);
};

describe("missing sysctls", () => {
  test("a forwarded packet: follows and names both values of ip_forward", () => {
    expect(verdicts(ask(FORWARDED))).toEqual([
      ["accept", "net.ipv4.ip_forward=1 (not given)"],
      ["drop", "net.ipv4.ip_forward=0 (not given)"],
    ]);
  });

  test("a packet to the host: ip_forward does not matter", () => {
    expect(verdicts(ask(TO_HOST))).toEqual([["accept"]]);
  });

  test("asymmetric routing: follows and names both values of rp_filter", () => {
    const told = ask(["--in", "e0", "--src", "10.2.0.9", ...TO_HOST.slice(4)]);
    expect(verdicts(told)).toEqual([
      [
        "accept",
        expect.stringMatching(
          /^rp_filter=0 or 2 on e0 \(not given; .*conf\.all\.rp_filter and net\.ipv4\.conf\.e0\.rp_filter/,
        ),
      ],
      ["drop", expect.stringMatching(/^rp_filter=1 on e0/)],
    ]);
  });

  test("no route back: even the loose rp_filter drops", () => {
    const routes = ROUTES.slice(1);
    expect(verdicts(ask(["--in", "e0", "--src", "9.9.9.9", ...TO_HOST.slice(4)], { routes }))).toEqual([
      ["accept", expect.stringContaining("rp_filter=0 on e0")],
      ["drop", expect.stringContaining("rp_filter=1 or 2 on e0")],
    ]);
  });

  test("rp_filter given for all, but not for the device", () => {
    const wrong = ["--in", "e0", "--src", "10.2.0.9", ...TO_HOST.slice(4)];
    const loose = ask(wrong, { sysctl: ["net.ipv4.conf.all.rp_filter=2"] });
    expect(verdicts(loose)).toEqual([["accept"]]);
    const strict = ask(wrong, { sysctl: ["net.ipv4.conf.all.rp_filter=1"] });
    expect(verdicts(strict).map(([verdict]) => verdict)).toEqual(["accept", "drop"]);
  });

  test("route_localnet is off by default: a DNAT to 127.0.0.1 depends on it", () => {
    const dump = `*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p udp -j DNAT --to-destination 127.0.0.1\nCOMMIT\n`;
    expect(verdicts(ask(TO_HOST, { dump }))).toEqual([
      ["accept", expect.stringContaining("net.ipv4.conf.e0.route_localnet=1 (not given)")],
      ["drop", expect.stringContaining("net.ipv4.conf.e0.route_localnet=0 (not given)")],
    ]);
  });

  test("a source address of the host depends on accept_local", () => {
    const told = ask(["--in", "e0", "--src", "10.2.0.1", ...TO_HOST.slice(4)], { sysctl: FORWARDS });
    expect(verdicts(told)).toEqual([
      ["accept", expect.stringContaining("accept_local=1")],
      ["drop", expect.stringContaining("accept_local=0")],
    ]);
  });

  test("src_valid_mark matters if a policy rule matches the mark", () => {
    const rules = [
      RULES[0] ?? {},
      { priority: 10, src: "all", fwmark: "0x1", action: "blackhole" },
      ...RULES.slice(1),
    ];
    const sysctl = ["net.ipv4.conf.all.rp_filter=1", "net.ipv4.conf.e0.rp_filter=1"];
    const told = ask(TO_HOST, { rules, sysctl, more: ["--mark", "1"] });
    expect(verdicts(told)).toEqual([
      ["drop", expect.stringContaining("src_valid_mark=1")],
      ["accept", expect.stringContaining("src_valid_mark=0")],
    ]);
  });

  test("a segment in the middle of a connection depends on nf_conntrack_tcp_loose", () => {
    const dump = EMPTY.replace("COMMIT", "-A INPUT -m conntrack --ctstate INVALID -j DROP\nCOMMIT");
    const tcp = TO_HOST.map((word) => (word === "udp" ? "tcp" : word));
    const told = ask([...tcp, "--tcp-flags", "ACK"], { dump });
    expect(verdicts(told)).toEqual([
      ["accept", "net.netfilter.nf_conntrack_tcp_loose=1 (not given)"],
      ["drop", "net.netfilter.nf_conntrack_tcp_loose=0 (not given)"],
    ]);
  });

  test("IPv6 depends on its own forwarding sysctl", () => {
    const six = (local: string) => ({ family: "inet6", local, prefixlen: 64, scope: "global" });
    const addresses = [
      { ...ADDRESSES[0], addr_info: [six("fd01::1")] },
      { ...ADDRESSES[1], addr_info: [six("fd02::1")] },
    ];
    const routes = [
      { dst: "fd01::/64", dev: "e0", metric: 256, flags: [], pref: "medium" },
      { dst: "fd02::/64", dev: "e1", metric: 256, flags: [], pref: "medium" },
    ];
    const packet = [
      "--in",
      "e0",
      "--src",
      "fd01::9",
      "--dst",
      "fd02::9",
      "--proto",
      "udp",
      "--sport",
      "1",
      "--dport",
      "2",
    ];
    expect(verdicts(ask(packet, { addresses, routes, dump: "*filter\nCOMMIT\n" }))).toEqual([
      ["accept", "net.ipv6.conf.all.forwarding=1 (not given)"],
      ["drop", "net.ipv6.conf.all.forwarding=0 (not given)"],
    ]);
  });

  test("reads the output of sysctl -a, and --sysctl overrides it", () => {
    const all = [...FORWARDS, "net.ipv4.conf.lo.rp_filter=0"]
      .map((text) => text.replace("=", " = "))
      .join("\n");
    const more = ["--sysctls", file("sysctls", `kernel.hostname = router\n${all}\n`)];
    expect(ask(FORWARDED, { more }).outcomes).toMatchObject([{ verdict: "accept", certain: true }]);
    const off = ask(FORWARDED, { more, sysctl: ["net.ipv4.ip_forward=0"] });
    expect(off.outcomes.map(({ verdict }) => verdict)).toContain("drop");
    const none = ask(FORWARDED, { more: ["--sysctls", file("sysctls", "no settings")] });
    expect([none.code, none.error]).toEqual([1, expect.stringContaining("sysctl -a")]);
  });
});

describe("assumptions", () => {
  test("lists each assumption", () => {
    const { assumed } = ask(FORWARDED);
    for (const words of [
      "the packet opens a new connection",
      "policy rules: the kernel's defaults",
      "the local table contains the routes that the kernel adds",
      "the TTL is larger than 1 (--ttl not given)",
      "the packet fits into the MTU",
      "10.3.0.9 answers on e2",
      "only the given rules handle the packet",
    ])
      expect(assumed).toContainEqual(expect.stringContaining(words));
  });

  test("lists fewer assumptions if more input is given", () => {
    const { assumed } = ask(FORWARDED, {
      rules: RULES,
      routes: [...ROUTES, ...LOCAL_TABLE],
      sysctl: FORWARDS,
      more: ["--state", "NEW", "--ttl", "64", "--length", "60"],
    });
    expect(
      assumed.filter(
        (text) => !/answers on|only the given rules|forwarding=1 \(not given; as ip_forward\)/.test(text),
      ),
    ).toEqual([]);
  });

  test("lists initial counters and a mark of 0", () => {
    const dump = EMPTY.replace(
      "COMMIT",
      "-A FORWARD -m limit --limit 1/sec -m mark --mark 0x0 -j ACCEPT\nCOMMIT",
    );
    const { assumed } = ask(FORWARDED, { dump });
    expect(assumed).toContainEqual(
      expect.stringContaining("the counters of limit are at their initial values"),
    );
    expect(assumed).toContainEqual(expect.stringContaining("mark is 0 (--mark not given)"));
  });

  test("prints the assumptions below the path", () => {
    let out = "";
    const output = {
      out: (text: string) => {
        out += text;
      },
      error: () => undefined,
      colour: false,
    };
    runTrace(["--rules", file("rules", EMPTY), ...TO_HOST], output);
    expect(out).toContain("\nassumed:\n  - the packet opens a new connection");
  });
});

describe("policy rules", () => {
  const routes = [...ROUTES, TABLE_100, ...LOCAL_TABLE];
  const before = (rule: object) => [
    RULES[0] ?? {},
    { priority: 100, src: "all", table: "100", ...rule },
    ...RULES.slice(1),
  ];

  test.each([
    ["dscp AF11", { dscp: "AF11", dscp_mask: "0x3f" }],
    ["flowlabel 0x5", { flowlabel: "0x5", flowlabel_mask: "0xfffff" }],
    ["tos lowdelay", { tos: "lowdelay" }],
    ["tun_id 5", { tun_id: 5 }],
    ["action multicast", { action: "multicast" }],
    ["masquerade", { masquerade: null }],
    ["nat_gateway 1.2.3.4", { nat_gateway: "1.2.3.4" }],
    ["colour 3", { colour: 3 }],
    // The packet's TOS is not given.
    ["tos 0x10", { tos: "0x10" }],
  ])("%s is uncertain and named; both branches are followed", (words, rule) => {
    const told = ask(FORWARDED, { rules: before(rule), routes, sysctl: FORWARDS });
    named(told, `policy rule 100 (${words}`);
    expect(told.outcomes).toHaveLength(2);
  });

  test("a rule that cannot match the packet leaves the outcome certain", () => {
    const told = ask(FORWARDED, {
      rules: before({ src: "10.77.0.0", srclen: 16, dscp: "AF11" }),
      routes,
      sysctl: FORWARDS,
    });
    expect(told.outcomes).toMatchObject([{ certain: true }]);
    expect(told.unknown).toEqual(["policy rule 100: dscp AF11"]);
  });

  test("l3mdev matters if an interface belongs to a VRF", () => {
    const member = { master: "red", linkinfo: { info_slave_kind: "vrf" } };
    const addresses = [device(2, "e0", "10.1.0.1", member), ...ADDRESSES.slice(1)];
    const rules = [RULES[0] ?? {}, { priority: 100, src: "all", l3mdev: null }, ...RULES.slice(1)];
    named(ask(FORWARDED, { rules, routes, addresses, sysctl: FORWARDS }), "l3mdev");
    expect(ask(FORWARDED, { rules, routes, sysctl: FORWARDS }).outcomes).toMatchObject([{ certain: true }]);
  });

  test("names a table that the given routes do not contain", () => {
    const told = ask(FORWARDED, { rules: before({}), sysctl: FORWARDS });
    named(told, "table 100 (not among the routes given)");
  });

  test("the user of a local packet is unknown without --uid", () => {
    const local = [
      "--local",
      "--src",
      "10.1.0.1",
      "--dst",
      "8.8.8.8",
      "--proto",
      "udp",
      "--sport",
      "1",
      "--dport",
      "2",
    ];
    const rules = before({ uid_start: 1000, uid_end: 1000 });
    named(ask(local, { rules, routes, sysctl: FORWARDS }), "uidrange 1000-1000");
    const known = ask(local, { rules, routes, sysctl: FORWARDS, more: ["--uid", "1000"] });
    expect(known.outcomes).toMatchObject([{ certain: true }]);
    expect(known.outcomes[0]?.path.at(-1)?.text).toContain("e1");
  });
});

describe("routes", () => {
  const better = (more: object) => [
    ...ROUTES,
    { dst: "8.0.0.0/8", gateway: "10.2.0.9", dev: "e1", flags: [], ...more },
  ];
  test.each([
    ["encap", { encap: { encap_type: "ip", dst: "1.2.3.4" } }],
    ["type nat", { type: "nat" }],
    ["a next hop that ip does not show", { dev: undefined, gateway: undefined, nhid: 7 }],
    ["flag offload", { flags: ["offload"] }],
    ["iif e0", { iif: "e0" }],
    ["tos 0x10", { tos: "0x10" }],
    ["colour 3", { colour: 3 }],
    [
      "equal routes",
      {
        nexthops: [
          { gateway: "10.2.0.9", dev: "e1", weight: 1, flags: [] },
          { gateway: "10.3.0.9", dev: "e2", weight: 3, flags: [] },
        ],
      },
    ],
  ])("%s is uncertain and named", (words, more) => {
    named(ask(FORWARDED, { routes: better(more), sysctl: FORWARDS }), words);
  });

  test.each([
    ["metrics", { metrics: [{ advmss: 1300, hoplimit: 3 }] }],
    ["realms", { flow: { from: "5", to: "6" } }],
    ["onlink", { flags: ["onlink"] }],
    ["a next hop object", { nhid: 5 }],
  ])("%s does not matter", (_name, more) => {
    expect(ask(FORWARDED, { routes: better(more), sysctl: FORWARDS }).outcomes).toMatchObject([
      { certain: true, verdict: "accept" },
    ]);
  });

  test("a packet longer than the route's MTU is uncertain", () => {
    const told = ask(FORWARDED, {
      routes: better({ metrics: [{ mtu: 1400 }] }),
      sysctl: FORWARDS,
      more: ["--length", "1450"],
    });
    named(told, "longer than the MTU of e1 (1400)");
  });

  test("a route over a device without carrier depends on ignore_routes_with_linkdown", () => {
    const told = ask(FORWARDED, { routes: better({ flags: ["linkdown"] }), sysctl: FORWARDS });
    named(told, "net.ipv4.conf.e1.ignore_routes_with_linkdown");
  });
});

describe("links", () => {
  test.each([
    ["e2: it is down", { flags: ["BROADCAST"], operstate: "DOWN" }],
    [
      "e2: it has no carrier (state LOWERLAYERDOWN)",
      { flags: ["NO-CARRIER", "UP"], operstate: "LOWERLAYERDOWN" },
    ],
    ["e2: an XDP program (id 7)", { xdp: { mode: 1, prog: { id: 7 } } }],
    ["e2: it is of kind xfrm", { linkinfo: { info_kind: "xfrm" } }],
    ["e2: colour 3", { colour: 3 }],
  ])("%s is uncertain and named, whether a packet leaves by it or comes in", (words, more) => {
    const addresses = [...ADDRESSES.slice(0, 2), device(4, "e2", "10.3.0.1", more)];
    named(ask(FORWARDED, { addresses, sysctl: FORWARDS }), words);
    const back = [
      "--in",
      "e2",
      "--src",
      "8.8.8.8",
      "--dst",
      "10.1.0.9",
      "--proto",
      "udp",
      "--sport",
      "1",
      "--dport",
      "2",
    ];
    named(ask(back, { addresses, sysctl: FORWARDS }), words);
    expect(ask(TO_HOST, { addresses, sysctl: FORWARDS }).outcomes).toMatchObject([{ certain: true }]);
  });

  test.each(["bond", "team", "vrf", "openvswitch"])("a member of a %s is named", (kind) => {
    const member = { master: "m0", linkinfo: { info_slave_kind: kind } };
    const addresses = [device(2, "e0", "10.1.0.1", member), ...ADDRESSES.slice(1)];
    named(ask(TO_HOST, { addresses, sysctl: FORWARDS }), `e0 belongs to m0 (${kind})`);
  });
});

// As iptables-nft 1.8.9 and 1.8.11 printed them for a nat table with a native rule, and for rules of both variants.
const UNPRINTED = `# Generated by iptables-nft-save v1.8.9 (nf_tables) on Sat Nov 28 16:04:09 2026\n${EMPTY}# Completed on Sat Nov 28 16:04:09 2026\n# Table \`nat' is incompatible, use 'nft' tool.\n`;
const WARNED = `# Warning: iptables-legacy tables present, use iptables-legacy-save to see them\n# Generated by iptables-save v1.8.11 (nf_tables) on Sat Nov 28 16:04:09 2026\n${EMPTY}`;
const NATIVE = `table ip nat {
	map m {
		type ipv4_addr : ipv4_addr
	}

	chain PREROUTING {
		type nat hook prerouting priority dstnat; policy accept;
		dnat to ip daddr map @m
	}
}
`;

describe("rules missing in a dump", () => {
  test("names a table that iptables could not print, and treats it as unknown", () => {
    const told = ask(TO_HOST, { dump: UNPRINTED });
    expect(told.error).toContain("table nat could not be printed");
    named(told, "table nat, which iptables could not print");
    expect(told.outcomes.map(({ verdict }) => verdict)).toEqual(["accept", "unknown", "unknown"]);
  });

  test("names the legacy rules that the dump mentions, unless they are given", () => {
    named(ask(TO_HOST, { dump: WARNED }), "rules of iptables-legacy are loaded");
    const legacy = file("legacy", `# Generated by iptables-save v1.8.9 (legacy) on X\n${EMPTY}`);
    const both = ask(TO_HOST, { dump: WARNED, more: ["--rules", legacy] });
    expect([both.error, both.outcomes[0]?.certain]).toEqual(["", true]);
  });

  test.each([
    ["nft list ruleset", NATIVE],
    [
      "nft list ruleset of what iptables-nft made",
      `# Warning: table ip nat is managed by iptables-nft, do not touch!\n${NATIVE}`,
    ],
    ["a file for nft -f", `#!/usr/sbin/nft -f\n\nflush ruleset\n${NATIVE}`],
    ["nft -j list ruleset", '{"nftables": [{"metainfo": {"version": "1.1.3"}}]}'],
    ["add table", "add table inet fw\nadd chain inet fw in\n"],
  ])("%s is recognised", (_name, dump) => {
    const { code, error } = ask(TO_HOST, { dump });
    expect([code, error]).toEqual([1, expect.stringContaining("these are rules in the language of nft")]);
    expect(error.split("\n").filter((line) => line.includes("expected"))).toHaveLength(1);
  });
});
