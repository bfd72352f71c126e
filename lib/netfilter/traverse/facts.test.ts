import type { InterfaceAddress, Link, PolicyRule, Route } from "../../inspect/snapshot";
import { nextOf, replyTo } from "../conntrack/reply";
import { parseRuleset } from "../iptables";
import type { Packet, Step } from "../model";
import {
  type Entry,
  FRESH,
  type Host,
  type KernelState,
  later,
  type TraversedOutcome,
  type TraverseOptions,
  traverse,
} from ".";

// What most models get wrong: each case was measured on kernel 6.18 with iptables 1.8.9, legacy and nft, or is told by
// the kernel's source.

const address = (text: string, secondary = false): InterfaceAddress => {
  const [local = "", length] = text.split("/");
  return {
    family: local.includes(":") ? "ipv6" : "ipv4",
    address: local,
    prefixLength: Number(length),
    scope: local.startsWith("127.") ? "host" : "global",
    secondary,
  };
};
const link = (ifindex: number, name: string, ...addresses: string[]): Link => ({
  ifindex,
  name,
  kind: "veth",
  mtu: 1500,
  up: true,
  operState: "UP",
  addresses: addresses.map((text, at) => address(text, at > 0)),
});
const route = (destination: string, dev: string, more: Partial<Route> = {}): Route => ({
  family: "ipv4",
  destination,
  type: "unicast",
  table: "main",
  dev,
  ...more,
});

/** Two networks and a default route; tables as given, each line a rule of the chain it names. */
function host(rules: readonly string[], more: Partial<Host> = {}): Host {
  const tables = new Map<string, string[]>();
  for (const rule of rules) {
    const [, table = "filter", text = rule] = /^(\w+): (.*)$/.exec(rule) ?? [];
    tables.set(table, [...(tables.get(table) ?? []), text]);
  }
  const hooks: Readonly<Record<string, string>> = {
    raw: "PREROUTING OUTPUT",
    mangle: "PREROUTING INPUT FORWARD OUTPUT POSTROUTING",
    nat: "PREROUTING INPUT OUTPUT POSTROUTING",
    filter: "INPUT FORWARD OUTPUT",
  };
  const dump = [...tables].map(([table, lines]) => {
    const base = (hooks[table] ?? "").split(" ");
    const own = new Set(
      lines
        .flatMap((text) => [/-A (\S+)/.exec(text)?.[1] ?? "", /-[jg] ([A-Z]\d)$/.exec(text)?.[1] ?? ""])
        .filter((name) => name !== "" && !base.includes(name)),
    );
    return [
      `*${table}`,
      ...base.map((name) => `:${name} ACCEPT [0:0]`),
      ...[...own].map((name) => `:${name} - [0:0]`),
      ...lines,
      "COMMIT",
    ].join("\n");
  });
  return {
    place: "router",
    rulesets: [parseRuleset(`${dump.join("\n")}\n`, { family: "ipv4" })],
    links: [
      link(1, "lo", "127.0.0.1/8"),
      link(2, "d0", "10.1.0.1/24", "10.1.0.2/24"),
      link(3, "d1", "10.2.0.1/24"),
    ],
    routes: [
      route("10.1.0.0/24", "d0", { source: "10.1.0.1" }),
      route("10.2.0.0/24", "d1", { source: "10.2.0.1" }),
      route("0.0.0.0/0", "d0", { via: "10.1.0.254" }),
    ],
    sysctls: { "net.ipv4.ip_forward": "1" },
    ...more,
  };
}

function packet(text: string, more: Partial<Packet> = {}): Packet {
  const [protocol = "", src = "", dst = ""] = text.split(" ");
  const end = (value: string): [string, number | undefined] => {
    const [name = "", port] = value.split(":");
    return [name, port === undefined ? undefined : Number(port)];
  };
  const [[from, sport], [to, dport]] = [end(src), end(dst)];
  return {
    family: "ipv4",
    src: from,
    dst: to,
    protocol,
    ...(sport === undefined ? {} : { sport }),
    ...(dport === undefined ? {} : { dport }),
    ...(protocol === "icmp" ? { icmp: { type: 8, code: 0, id: 7 } } : {}),
    ttl: 64,
    tos: 0,
    length: 60,
    mark: 0,
    ...more,
  };
}

const LOCAL: Entry = { local: true };
const via = (name: string): Entry => ({ in: name });

function all(
  on: Host,
  sent: Packet,
  from: Entry,
  options: Omit<TraverseOptions, "from"> = {},
): readonly TraversedOutcome[] {
  return traverse(on, sent, { from, ...options }).outcomes;
}
function one(
  on: Host,
  sent: Packet,
  from: Entry,
  options: Omit<TraverseOptions, "from"> = {},
): TraversedOutcome {
  const [outcome, more] = all(on, sent, from, options);
  if (outcome === undefined || more !== undefined) throw new Error("expected one outcome");
  return outcome;
}
const rulesOf = ({ steps }: { readonly steps: readonly Step[] }): string[] =>
  steps.flatMap((step) =>
    (step.kind === "rule" || step.kind === "return") && step.rule !== undefined ? [step.rule.text] : [],
  );
const hit = (outcome: { readonly steps: readonly Step[] }, words: string): boolean =>
  rulesOf(outcome).some((text) => text.includes(words));
const hooksOf = (outcome: TraversedOutcome): string =>
  [...new Set(outcome.steps.flatMap((step) => ("hook" in step ? [step.hook] : [])))].join(" ");

describe("chains", () => {
  test("a goto pushes nothing: the end of its chain goes back to the caller's caller", () => {
    const on = host([
      "-A OUTPUT -p udp -m udp --dport 54 -j A1",
      "-A OUTPUT -m comment --comment after-jump",
      "-A A1 -g B1",
      "-A A1 -m comment --comment after-goto",
      "-A B1 -m comment --comment in-B",
    ]);
    const outcome = one(on, packet("udp 10.1.0.1:1 8.8.8.8:54", {}), LOCAL);
    expect([hit(outcome, "in-B"), hit(outcome, "after-goto"), hit(outcome, "after-jump")]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test("in OUTPUT there is no incoming interface: -i never matches, ! -i always does", () => {
    const on = host([
      "-A OUTPUT -j I1",
      "-A I1 ! -i lo -m comment --comment not-lo",
      "-A I1 -i lo -m comment --comment is-lo",
    ]);
    const outcome = one(on, packet("udp 10.1.0.1:1 8.8.8.8:56"), LOCAL);
    expect([hit(outcome, "not-lo"), hit(outcome, "is-lo")]).toEqual([true, false]);
  });

  test("a stateful match behind one that fails is not charged", () => {
    const on = host([
      "-A OUTPUT -p udp -m udp --dport 99 -m statistic --mode nth --every 2 --packet 0 -j DROP",
      "-A OUTPUT -p udp -m statistic --mode nth --every 2 --packet 0 -j DROP",
    ]);
    const first = one(on, packet("udp 10.1.0.1:1 8.8.8.8:55"), LOCAL);
    expect(first.verdict).toBe("drop");
    expect(one(on, packet("udp 10.1.0.1:1 8.8.8.8:99"), LOCAL, { state: first.state }).verdict).toBe("drop");
  });

  test("RETURN in a base chain is its policy, ACCEPT goes on to the next table, DROP is final", () => {
    expect(
      rulesOf(
        one(
          host(["mangle: -A FORWARD -j ACCEPT", "-A FORWARD -j RETURN", "-A FORWARD -j DROP"]),
          packet("udp 10.1.0.9:1 10.2.0.9:2"),
          via("d0"),
        ),
      ),
    ).toEqual(["-A FORWARD -j ACCEPT", "-A FORWARD -j RETURN"]);
    expect(
      hooksOf(one(host(["mangle: -A PREROUTING -j DROP"]), packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0"))),
    ).toBe("PREROUTING");
  });

  test("a later fragment matches no port rule, negated or not", () => {
    const on = host(["-A FORWARD -p udp -m udp ! --dport 9 -j DROP", "-A FORWARD -f -j ACCEPT"]);
    expect(
      rulesOf(
        one(on, packet("udp 10.1.0.9:1 10.2.0.9:2", { fragment: { offset: 185, more: false } }), via("d0")),
      ),
    ).toEqual(["-A FORWARD -f -j ACCEPT"]);
  });
});

describe("statistic, limit and their like", () => {
  test("nth: of every 3, packet 0 takes the 1st, 4th and 7th", () => {
    const on = host(["-A OUTPUT -m statistic --mode nth --every 3 --packet 0 -j DROP"]);
    let state: KernelState = FRESH;
    const dropped: number[] = [];
    for (let count = 1; count <= 7; count++) {
      const outcome = one(on, packet(`udp 10.1.0.1:${count} 8.8.8.8:55`), LOCAL, { state });
      if (outcome.verdict === "drop") dropped.push(count);
      state = outcome.state;
    }
    expect(dropped).toEqual([1, 4, 7]);
  });

  test("random is exact: thirds of 2^31 as the kernel rounds them", () => {
    const on = host(["-A OUTPUT -m statistic --mode random --probability 0.33333333349 -j DROP"]);
    expect(all(on, packet("udp 10.1.0.1:1 8.8.8.8:55"), LOCAL).map(({ probability }) => probability)).toEqual(
      [
        { numerator: 715827883n, denominator: 2147483648n },
        { numerator: 1431655765n, denominator: 2147483648n },
      ],
    );
  });

  test("limit: the burst passes, then one token every twenty minutes", () => {
    const on = host(["-A OUTPUT -m limit --limit 3/hour --limit-burst 2 -j ACCEPT", "-A OUTPUT -j DROP"]);
    let state: KernelState = FRESH;
    const verdicts = [0, 0, 0, 1199, 1].map((seconds, at) => {
      const outcome = one(on, packet(`udp 10.1.0.1:${at} 8.8.8.8:55`), LOCAL, {
        state: later(state, seconds),
      });
      state = outcome.state;
      return outcome.verdict;
    });
    expect(verdicts).toEqual(["accept", "accept", "drop", "drop", "accept"]);
  });

  test("recent: the third packet within a minute is dropped, an hour later it is not", () => {
    const on = host([
      "-A INPUT -m recent --update --seconds 60 --hitcount 2 --name R --rsource -j DROP",
      "-A INPUT -m recent --set --name R --rsource -j ACCEPT",
    ]);
    let state: KernelState = FRESH;
    const verdicts = [0, 1, 1, 3600].map((seconds, at) => {
      const outcome = one(on, packet(`udp 10.1.0.9:${at} 10.1.0.1:55`), via("d0"), {
        state: later(state, seconds),
      });
      state = outcome.state;
      return outcome.verdict;
    });
    expect(verdicts).toEqual(["accept", "accept", "drop", "accept"]);
  });

  test("connlimit counts the connections of one source, this one included", () => {
    const on = host([
      "-A INPUT -p tcp -m connlimit --connlimit-above 2 --connlimit-mask 32 --connlimit-saddr -j DROP",
    ]);
    let state: KernelState = FRESH;
    const verdicts = [1, 2, 3, 1].map((sport) => {
      const outcome = one(on, packet(`tcp 10.1.0.9:${sport} 10.1.0.1:80`), via("d0"), { state });
      state = outcome.state;
      return outcome.verdict;
    });
    expect(verdicts).toEqual(["accept", "accept", "drop", "accept"]);
  });
});

describe("addresses", () => {
  test.each([
    ["127.0.0.5", "LOCAL"],
    ["10.1.0.1", "LOCAL"],
    ["10.1.0.255", "BROADCAST"],
    ["255.255.255.255", "BROADCAST"],
    ["224.0.0.1", "MULTICAST"],
    ["10.1.0.9", "UNICAST"],
    ["203.0.113.9", "UNICAST"],
  ])("%s is %s and nothing else, also behind a blackhole route", (dst, type) => {
    const types = ["LOCAL", "BROADCAST", "MULTICAST", "UNICAST", "BLACKHOLE"];
    const on = host(
      types.map(
        (name) => `mangle: -A PREROUTING -m addrtype --dst-type ${name} -m comment --comment ${name}`,
      ),
      { routes: [...(host([]).routes ?? []), route("203.0.113.0/24", "lo", { type: "blackhole" })] },
    );
    const outcome = all(on, packet(`udp 10.1.0.9:1 ${dst}:58`), via("d0"))[0];
    expect(types.filter((name) => outcome !== undefined && hit(outcome, `--dst-type ${name}`))).toEqual([
      type,
    ]);
  });
});

describe("NAT", () => {
  test("a DNAT range is chosen by source and destination, whatever the ports", () => {
    const on = host(["nat: -A OUTPUT -p udp -m udp --dport 57 -j DNAT --to-destination 10.1.0.10-10.1.0.13"]);
    const chosen = ["9.9.9.9", "9.9.9.8", "9.9.9.7"].map((dst) =>
      [1, 2].map((sport) => one(on, packet(`udp 10.1.0.1:${30_000 + sport} ${dst}:57`), LOCAL).packet.dst),
    );
    expect(chosen).toEqual([
      ["10.1.0.13", "10.1.0.13"],
      ["10.1.0.11", "10.1.0.11"],
      ["10.1.0.13", "10.1.0.13"],
    ]);
  });

  test("a source range with two ports is exhausted by the third flow, which is dropped", () => {
    const on = host(["nat: -A POSTROUTING -p udp -m udp --dport 60 -j SNAT --to-source 10.1.0.1:5000-5001"]);
    let state: KernelState = FRESH;
    const ports: (number | undefined)[] = [];
    const verdicts = [33_000, 33_001, 33_002, 33_003].map((sport) => {
      const [outcome] = all(on, packet(`udp 10.1.0.1:${sport} 8.8.8.8:60`), LOCAL, { state });
      if (outcome === undefined) return "none";
      state = outcome.state;
      if (outcome.verdict === "accept") ports.push(outcome.packet.sport);
      return outcome.verdict;
    });
    expect(verdicts).toEqual(["accept", "accept", "drop", "drop"]);
    expect(ports.sort()).toEqual([5000, 5001]);
  });

  test("rules are asked once: the second packet and the reply follow the connection", () => {
    const on = host(["nat: -A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.2.0.9:8080"]);
    const first = one(on, packet("tcp 10.1.0.9:1000 10.1.0.1:80"), via("d0"));
    const reply = one(on, replyTo(first.packet) ?? first.packet, via("d1"), { state: first.state });
    expect([reply.packet.src, reply.packet.sport]).toEqual(["10.1.0.1", 80]);
    const second = one(on, nextOf(packet("tcp 10.1.0.9:1000 10.1.0.1:80")), via("d0"), {
      state: reply.state,
    });
    expect([hit(first, "DNAT"), hit(second, "DNAT"), second.packet.dst, second.packet.dport]).toEqual([
      true,
      false,
      "10.2.0.9",
      8080,
    ]);
  });

  test("a packet dropped before it is confirmed leaves nothing: its retransmission asks nat again", () => {
    const on = host([
      "nat: -A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.2.0.9",
      "-A FORWARD -j DROP",
    ]);
    const sent = packet("tcp 10.1.0.9:1000 10.1.0.1:80");
    const first = one(on, sent, via("d0"));
    expect(hit(one(on, sent, via("d0"), { state: first.state }), "DNAT")).toBe(true);
  });

  test("over lo, nat is skipped at PREROUTING and INPUT: OUTPUT and POSTROUTING have done both ends", () => {
    const on = host([
      "nat: -A PREROUTING -j DNAT --to-destination 10.2.0.9",
      "nat: -A INPUT -j SNAT --to-source 10.1.0.2",
      "-A INPUT -i lo -m comment --comment came",
    ]);
    const outcome = one(on, packet("tcp 10.1.0.1:1 10.1.0.1:99"), LOCAL);
    expect([outcome.delivered, hit(outcome, "DNAT"), hit(outcome, "SNAT"), hit(outcome, "came")]).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  test("ctstate DNAT is true only where the tuple really changed", () => {
    const rules = (to: string): string[] => [
      `nat: -A PREROUTING -j DNAT --to-destination ${to}`,
      "-A FORWARD -m conntrack --ctstate DNAT -j DROP",
    ];
    expect(one(host(rules("10.2.0.9")), packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0")).verdict).toBe(
      "accept",
    );
    expect(one(host(rules("10.2.0.8")), packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0")).verdict).toBe("drop");
  });

  test("MASQUERADE takes the primary address of the device, in the next hop's subnet", () => {
    const on = host(["nat: -A POSTROUTING -o d1 -j MASQUERADE"], {
      links: [
        link(1, "lo", "127.0.0.1/8"),
        link(2, "d0", "10.1.0.1/24"),
        {
          ...link(3, "d1"),
          addresses: [address("172.16.0.1/24"), address("10.2.0.1/24"), address("10.2.0.3/24", true)],
        },
      ],
    });
    expect(one(on, packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0")).packet.src).toBe("10.2.0.1");
  });

  test("REDIRECT is loopback for the host's own packets, the incoming device's address for others", () => {
    const rules = [
      "nat: -A OUTPUT -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080",
      "nat: -A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080",
    ];
    expect(one(host(rules), packet("tcp 10.1.0.1:1 203.0.113.1:80"), LOCAL).packet).toMatchObject({
      dst: "127.0.0.1",
      dport: 8080,
    });
    expect(one(host(rules), packet("tcp 10.2.0.9:1 203.0.113.1:80"), via("d1")).packet).toMatchObject({
      dst: "10.2.0.1",
      dport: 8080,
    });
  });

  test("NETMAP keeps the host bits", () => {
    const on = host(["nat: -A PREROUTING -d 192.0.2.0/24 -j NETMAP --to 10.2.0.0/24"]);
    expect(one(on, packet("udp 10.1.0.9:1 192.0.2.77:2"), via("d0")).packet.dst).toBe("10.2.0.77");
  });

  test("an ICMP error is RELATED and carries the addresses that its receiver knows", () => {
    const on = host([
      "nat: -A POSTROUTING -o d1 -j MASQUERADE",
      "-A FORWARD -i d1 -m conntrack --ctstate RELATED -m comment --comment related",
    ]);
    const there = one(on, packet("udp 10.1.0.9:1000 10.2.0.9:53"), via("d0"));
    const error = replyTo(there.packet, "refuses");
    const back = one(on, error ?? there.packet, via("d1"), { state: there.state });
    expect(hit(back, "related")).toBe(true);
    expect(back.packet).toMatchObject({
      src: "10.2.0.9",
      dst: "10.1.0.9",
      icmp: { about: { src: "10.1.0.9", sport: 1000, dst: "10.2.0.9", dport: 53 } },
    });
  });
});

describe("routing", () => {
  const marked: PolicyRule = {
    family: "ipv4",
    priority: 100,
    mark: { value: 7, mask: 0xffffffff },
    inverted: false,
    action: { kind: "lookup", table: "100" },
  };

  test("after a mark in OUTPUT the packet is routed again; OUTPUT still sees the old device, and the source stays", () => {
    const on = host(
      [
        "mangle: -A OUTPUT -p udp -m udp --dport 53 -j MARK --set-xmark 0x7/0xffffffff",
        "-A OUTPUT -o d0 -m comment --comment old",
        "-A OUTPUT -o d1 -m comment --comment too-early",
        "mangle: -A POSTROUTING -o d1 -s 10.1.0.1/32 -m comment --comment new",
      ],
      {
        policyRules: [
          { ...marked, priority: 0, mark: { value: 0, mask: 0 }, action: { kind: "lookup", table: "local" } },
          marked,
          {
            ...marked,
            priority: 32766,
            mark: { value: 0, mask: 0 },
            action: { kind: "lookup", table: "main" },
          },
        ],
        routes: [...(host([]).routes ?? []), route("0.0.0.0/0", "d1", { table: "100", via: "10.2.0.254" })],
      },
    );
    const outcome = one(on, packet("udp 10.1.0.1:1 8.8.8.8:53"), LOCAL);
    expect([
      hit(outcome, "--comment old"),
      hit(outcome, "too-early"),
      hit(outcome, "--comment new"),
      outcome.left,
    ]).toEqual([true, false, true, { dev: "d1", nexthop: "10.2.0.254" }]);
  });

  test("a process's packet is routed before any rule: without a route DNAT cannot save it", () => {
    const on = host(["nat: -A OUTPUT -j DNAT --to-destination 10.1.0.9"], {
      routes: [route("10.1.0.0/24", "d0")],
    });
    const outcome = one(on, packet("tcp 10.1.0.1:1 172.30.0.1:80"), LOCAL);
    expect([outcome.verdict, rulesOf(outcome)]).toEqual(["unreachable", []]);
  });

  test("the TTL is taken down before FORWARD, and a TTL of 1 does not come so far", () => {
    const on = host(["-A FORWARD -m ttl --ttl-eq 63 -j ACCEPT", "-A FORWARD -j DROP"]);
    expect(one(on, packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0")).verdict).toBe("accept");
    const dead = one(on, packet("udp 10.1.0.9:1 10.2.0.9:2", { ttl: 1 }), via("d0"));
    expect([dead.verdict, hooksOf(dead), dead.caused?.[0]?.packet.icmp?.type]).toEqual([
      "drop",
      "PREROUTING",
      11,
    ]);
  });

  test.each([
    [
      "forwarding is off",
      { "net.ipv4.ip_forward": "0" },
      packet("udp 10.1.0.9:1 10.2.0.9:2"),
      "forwarding is off",
    ],
    ["the source is the host's own address", {}, packet("udp 10.2.0.1:1 10.2.0.9:2"), "martian source"],
    ["the source is a loopback address", {}, packet("udp 127.0.0.1:1 10.2.0.9:2"), "route_localnet"],
    ["the destination is a loopback address", {}, packet("udp 10.1.0.9:1 127.0.0.1:2"), "route_localnet"],
    [
      "rp_filter is strict and the way back is another",
      { "net.ipv4.conf.d0.rp_filter": "1" },
      packet("udp 10.2.0.77:1 10.1.0.1:2"),
      "reverse-path filter",
    ],
    [
      "rp_filter of all counts as well",
      { "net.ipv4.conf.all.rp_filter": "1" },
      packet("udp 10.2.0.77:1 10.1.0.1:2"),
      "reverse-path filter",
    ],
  ])("after PREROUTING a packet is dropped where %s", (_name, sysctls, sent, words) => {
    const outcome = one(
      host(["mangle: -A PREROUTING -m comment --comment seen"], {
        sysctls: { "net.ipv4.ip_forward": "1", ...sysctls },
      }),
      sent,
      via("d0"),
    );
    const last = outcome.steps[outcome.steps.length - 1];
    expect([outcome.verdict, hit(outcome, "seen"), hooksOf(outcome)]).toEqual(["drop", true, "PREROUTING"]);
    expect(last?.kind === "end" ? last.text : "").toContain(words);
  });

  test("a loose rp_filter asks only for a way back", () => {
    expect(
      one(
        host([], { sysctls: { "net.ipv4.conf.d0.rp_filter": "2" } }),
        packet("udp 10.2.0.77:1 10.1.0.1:2"),
        via("d0"),
      ).delivered,
    ).toBe(true);
  });

  test("route_localnet is asked about the destination after DNAT", () => {
    const rules = ["nat: -A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 127.0.0.1:80"];
    const sent = packet("tcp 10.1.0.9:1 10.1.0.1:80");
    expect(one(host(rules), sent, via("d0")).verdict).toBe("drop");
    expect(
      one(host(rules, { sysctls: { "net.ipv4.conf.d0.route_localnet": "1" } }), sent, via("d0")).delivered,
    ).toBe(true);
  });

  test("the longest prefix wins, then the smallest metric", () => {
    const on = host([], {
      routes: [
        route("10.2.0.0/16", "d0"),
        route("10.2.0.0/24", "d0", { metric: 200 }),
        route("10.2.0.0/24", "d1", { metric: 100 }),
      ],
    });
    expect(one(on, packet("udp 10.1.0.1:1 10.2.0.9:2"), LOCAL).left?.dev).toBe("d1");
  });
});

describe("conntrack", () => {
  const states = "-A INPUT -m conntrack --ctstate";
  const on = host(
    ["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"].map(
      (state) => `${states} ${state} -m comment --comment ${state}`,
    ),
  );
  const stateOf = (outcome: TraversedOutcome): string | undefined => rulesOf(outcome)[0]?.split(" ")[5];

  test.each([
    ["a SYN", ["SYN"], "NEW"],
    ["an ACK out of nowhere (tcp_loose)", ["ACK"], "NEW"],
    ["a RST out of nowhere", ["RST"], "INVALID"],
    ["a SYN,ACK out of nowhere", ["SYN", "ACK"], "INVALID"],
    ["no flag at all", [], "INVALID"],
    ["SYN and FIN at once", ["SYN", "FIN"], "INVALID"],
  ] as const)("%s is %s", (_name, tcpFlags, state) => {
    expect(stateOf(one(on, packet("tcp 10.1.0.9:1 10.1.0.1:80", { tcpFlags }), via("d0")))).toBe(state);
  });

  test("an echo reply that nobody asked for is INVALID", () => {
    expect(
      stateOf(one(on, packet("icmp 10.1.0.9 10.1.0.1", { icmp: { type: 0, code: 0, id: 1 } }), via("d0"))),
    ).toBe("INVALID");
  });

  test("without a connection only --ctstate can match", () => {
    const lost = host([
      "-A INPUT -m conntrack --ctproto 6 -j DROP",
      "-A INPUT -m conntrack ! --ctorigdst 1.1.1.1 -j DROP",
      "-A INPUT -m conntrack --ctstate INVALID -m comment --comment state",
    ]);
    expect(
      rulesOf(one(lost, packet("tcp 10.1.0.9:1 10.1.0.1:80", { tcpFlags: ["RST"] }), via("d0"))),
    ).toHaveLength(1);
  });

  test("notrack makes it UNTRACKED, and NAT leaves it alone", () => {
    const free = host([
      "raw: -A PREROUTING -j CT --notrack",
      "nat: -A PREROUTING -j DNAT --to-destination 10.2.0.9",
      `${states} UNTRACKED -m comment --comment free`,
    ]);
    const outcome = one(free, packet("udp 10.1.0.9:1 10.1.0.1:2"), via("d0"));
    expect([outcome.delivered, hit(outcome, "free")]).toEqual([true, true]);
  });

  test("a zone is part of the key: the same addresses in another zone are another connection", () => {
    const zoned = host(["raw: -A PREROUTING -i d1 -j CT --zone 5", `${states} NEW -m comment --comment new`]);
    const sent = packet("udp 10.1.0.9:1 10.1.0.1:2");
    const first = one(zoned, sent, via("d0"));
    const reply = one(zoned, replyTo(sent) ?? sent, LOCAL, { state: first.state });
    expect(hit(one(zoned, sent, via("d0"), { state: reply.state }), "new")).toBe(false);
    expect(hit(one(zoned, sent, via("d1"), { state: reply.state }), "new")).toBe(true);
  });

  test("a mark saved in the connection comes back with the reply", () => {
    const marks = host([
      "mangle: -A PREROUTING -i d0 -j MARK --set-xmark 0x5/0xff",
      "mangle: -A PREROUTING -i d0 -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff",
      "mangle: -A PREROUTING -i d1 -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff",
    ]);
    const first = one(marks, packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0"));
    expect(
      one(marks, replyTo(first.packet) ?? first.packet, via("d1"), { state: first.state }).packet.mark,
    ).toBe(5);
  });
});

describe("REJECT", () => {
  test("its RST comes from the original destination, is RELATED, and asks nat POSTROUTING", () => {
    const on = host([
      "-A INPUT -p tcp -j REJECT --reject-with tcp-reset",
      "-A OUTPUT -m conntrack --ctstate RELATED -m comment --comment related",
      "nat: -A POSTROUTING -m comment --comment asked",
    ]);
    const outcome = one(on, packet("tcp 10.1.0.9:1 10.1.0.1:99"), via("d0"));
    const [answer] = outcome.caused ?? [];
    expect(outcome.verdict).toBe("reject");
    expect(answer?.packet).toMatchObject({ src: "10.1.0.1", dst: "10.1.0.9", tcpFlags: ["RST", "ACK"] });
    expect([hit(answer ?? outcome, "related"), hit(answer ?? outcome, "asked")]).toEqual([true, true]);
  });

  test("a RST is not answered with a RST, and an ICMP error with none", () => {
    const on = host([
      "-A INPUT -p tcp -j REJECT --reject-with tcp-reset",
      "-A INPUT -j REJECT --reject-with icmp-port-unreachable",
    ]);
    expect(
      one(on, packet("tcp 10.1.0.9:1 10.1.0.1:99", { tcpFlags: ["RST"] }), via("d0")).caused,
    ).toBeUndefined();
    const error = packet("icmp 10.1.0.9 10.1.0.1", {
      icmp: { type: 3, code: 3, about: packet("udp 10.1.0.1:1 10.1.0.9:2") },
    });
    expect(one(on, error, via("d0")).caused).toBeUndefined();
  });

  test("the ICMP error of a forwarded packet comes from the way back, and nat is not asked", () => {
    const on = host([
      "-A FORWARD -j REJECT --reject-with icmp-admin-prohibited",
      "nat: -A POSTROUTING -m comment --comment asked",
    ]);
    const [answer] = one(on, packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0")).caused ?? [];
    expect(answer?.packet).toMatchObject({ src: "10.1.0.1", dst: "10.1.0.9", icmp: { type: 3, code: 13 } });
    expect(answer?.steps.some((step) => step.kind === "rule" && step.table === "nat")).toBe(false);
  });
});

describe("errors that the kernel sends", () => {
  const lookup = (priority: number, table: string, from?: string): PolicyRule => ({
    family: "ipv4",
    priority,
    ...(from === undefined ? {} : { from }),
    inverted: false,
    action: { kind: "lookup", table },
  });

  test("their way is looked up before they have a source: a policy rule for that source does not see them", () => {
    const on = host([], {
      policyRules: [lookup(0, "local"), lookup(1002, "100", "10.1.0.0/24"), lookup(32766, "main")],
      routes: [
        route("10.1.0.0/24", "d0", { source: "10.1.0.1" }),
        route("0.0.0.0/0", "d1", { table: "100", via: "10.2.0.9" }),
      ],
    });
    const [error] = one(on, packet("udp 10.1.0.9:1 8.8.8.8:2", { ttl: 1 }), via("d0")).caused ?? [];
    const routed = error?.steps.find((step) => step.kind === "routing");
    expect([error?.packet.src, routed?.kind === "routing" ? routed.out : undefined]).toEqual([
      "10.1.0.1",
      "d0",
    ]);
  });

  test("to a loopback address they come from 127.0.0.1", () => {
    const on = host([], {
      sysctls: { "net.ipv4.ip_forward": "1", "net.ipv4.conf.d0.route_localnet": "1" },
      routes: [route("10.1.0.0/24", "d0")],
    });
    expect(one(on, packet("udp 127.0.0.5:1 172.30.0.41:80"), via("d0")).caused?.[0]?.packet).toMatchObject({
      src: "127.0.0.1",
      dst: "127.0.0.5",
      icmp: { code: 0 },
    });
  });
});

describe("what is not known", () => {
  test("an opaque match is followed both ways, and asked again it has the same answer", () => {
    const on = host([
      "-A FORWARD -m string --string x --algo bm --to 65535 -j ACCEPT",
      "-A FORWARD -m string --string x --algo bm --to 65535 -j ACCEPT",
      "-A FORWARD -j DROP",
    ]);
    expect(
      all(on, packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0")).map(({ verdict, certain }) => [
        verdict,
        certain,
      ]),
    ).toEqual([
      ["accept", false],
      ["drop", false],
    ]);
  });

  test("it makes no fork where another condition fails in any case", () => {
    const on = host(["-A FORWARD -m string --string x --algo bm --to 65535 -m mark --mark 0x9 -j DROP"]);
    expect(one(on, packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0")).certain).toBe(true);
  });

  test("a set without contents is followed both ways, one with contents is asked", () => {
    const rules = ["-A FORWARD -m set --match-set bad src -j DROP"];
    expect(
      all(host(rules), packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0")).map(({ verdict }) => verdict),
    ).toEqual(["drop", "accept"]);
    expect(
      one(
        host(rules, { sets: { bad: ["10.1.0.0/28", "10.1.0.9 nomatch"] } }),
        packet("udp 10.1.0.9:1 10.2.0.9:2"),
        via("d0"),
      ).verdict,
    ).toBe("accept");
    expect(
      one(
        host(rules, { sets: { bad: ["10.1.0.0/28 timeout 30"] } }),
        packet("udp 10.1.0.9:1 10.2.0.9:2"),
        via("d0"),
      ).verdict,
    ).toBe("drop");
  });

  test("a tree that grows too large is cut, and says so", () => {
    const on = host(
      Array.from(
        { length: 12 },
        (_, at) => `-A FORWARD -m string --string ${at} --algo bm --to 65535 -j LOG`,
      ),
    );
    const path = traverse(on, packet("udp 10.1.0.9:1 10.2.0.9:2"), { from: via("d0"), maxOutcomes: 50 });
    expect([path.truncated, path.outcomes.length, path.outcomes[50]?.verdict]).toEqual([true, 51, "unknown"]);
  });
});

describe("IPv6", () => {
  const six = (dst: string, more: Partial<Packet> = {}): Packet => ({
    family: "ipv6",
    src: "fd01::2",
    dst,
    protocol: "udp",
    sport: 1,
    dport: 2,
    ttl: 64,
    tos: 0,
    length: 60,
    mark: 0,
    ...more,
  });
  // The kernel lists the newest address first.
  const on: Host = {
    place: "router",
    rulesets: [],
    links: [link(1, "lo", "::1/128"), link(2, "a0", "fd01::5/64", "fd01::1/64"), link(3, "b0", "fd03::1/64")],
    routes: ["fd01::/64 a0", "fd03::/64 b0"].map((text): Route => {
      const [destination = "", dev = ""] = text.split(" ");
      return { family: "ipv6", destination, type: "unicast", table: "main", dev };
    }),
    sysctls: { "net.ipv6.conf.all.forwarding": "1" },
  };

  test("an ICMPv6 error comes from the interface that the packet came in by, from its newest address", () => {
    expect(one(on, six("fd04::1"), via("a0")).caused?.[0]?.packet).toMatchObject({
      src: "fd01::5",
      dst: "fd01::2",
      icmp: { type: 1, code: 0 },
    });
  });

  test("a loopback address on a wire is dropped before any rule", () => {
    expect(one(on, six("::1"), via("a0"))).toMatchObject({ verdict: "drop" });
  });

  test("forwarding is what all says, and the hop limit counts", () => {
    expect(one(on, six("fd03::9"), via("a0")).left?.dev).toBe("b0");
    expect(one({ ...on, sysctls: {} }, six("fd03::9"), via("a0")).verdict).toBe("drop");
    expect(one(on, six("fd03::9", { ttl: 1 }), via("a0")).caused?.[0]?.packet.icmp?.type).toBe(3);
  });
});
