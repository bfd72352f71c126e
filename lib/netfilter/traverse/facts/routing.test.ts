// Details of the packet flow that models often get wrong. Each case was measured on kernel 6.18 with iptables 1.8.9 (legacy
// and nft), or is taken from the kernel source.

import {
  hit,
  hooksOf,
  host,
  LOCAL,
  one,
  packet,
  route,
  rulesOf,
  via,
} from "../../../../test/netfilter/router";
import type { PolicyRule } from "../../../inspect/snapshot";

describe("routing", () => {
  const marked: PolicyRule = {
    family: "ipv4",
    priority: 100,
    mark: { value: 7, mask: 0xffffffff },
    inverted: false,
    action: { kind: "lookup", table: "100" },
  };

  test("a packet marked in OUTPUT is rerouted; OUTPUT still sees the old device, and the source does not change", () => {
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

  test("a packet of a local process is routed before any rule, so that it fails without a route even if DNAT would change it", () => {
    const on = host(["nat: -A OUTPUT -j DNAT --to-destination 10.1.0.9"], {
      routes: [route("10.1.0.0/24", "d0")],
    });
    const outcome = one(on, packet("tcp 10.1.0.1:1 172.30.0.1:80"), LOCAL);
    expect([outcome.verdict, rulesOf(outcome)]).toEqual(["unreachable", []]);
  });

  test("the TTL is decremented before FORWARD, and a packet with a TTL of 1 does not reach it", () => {
    const on = host([
      "mangle: -A PREROUTING -m comment --comment before",
      "-A FORWARD -m ttl --ttl-eq 63 -j ACCEPT",
      "-A FORWARD -j DROP",
    ]);
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
      "rp_filter is strict and the reverse route uses another device",
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

  test("src_valid_mark of `all` applies to every device (found by the fuzzer)", () => {
    const asked = (all: string): string | undefined =>
      one(
        host(["mangle: -A PREROUTING -j MARK --set-xmark 0x1"], {
          sysctls: {
            "net.ipv4.ip_forward": "1",
            "net.ipv4.conf.d0.rp_filter": "1",
            "net.ipv4.conf.all.src_valid_mark": all,
            "net.ipv4.conf.d0.src_valid_mark": "0",
          },
          policyRules: [
            { family: "ipv4", priority: 0, inverted: false, action: { kind: "lookup", table: "local" } },
            {
              family: "ipv4",
              priority: 10,
              inverted: false,
              mark: { value: 1, mask: 0xffffffff },
              action: { kind: "blackhole" },
            },
            { family: "ipv4", priority: 32766, inverted: false, action: { kind: "lookup", table: "main" } },
          ],
        }),
        packet("udp 10.1.0.9:1 10.1.0.1:2"),
        via("d0"),
      ).verdict;
    expect([asked("0"), asked("1")]).toEqual(["accept", "drop"]);
  });

  test("a loose rp_filter requires only some reverse route", () => {
    expect(
      one(
        host([], { sysctls: { "net.ipv4.conf.d0.rp_filter": "2" } }),
        packet("udp 10.2.0.77:1 10.1.0.1:2"),
        via("d0"),
      ).delivered,
    ).toBe(true);
  });

  test("route_localnet is checked for the destination after DNAT", () => {
    const rules = ["nat: -A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 127.0.0.1:80"];
    const sent = packet("tcp 10.1.0.9:1 10.1.0.1:80");
    expect(one(host(rules), sent, via("d0")).verdict).toBe("drop");
    expect(
      one(host(rules, { sysctls: { "net.ipv4.conf.d0.route_localnet": "1" } }), sent, via("d0")).delivered,
    ).toBe(true);
  });

  test("the longest prefix is preferred, then the lowest metric", () => {
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
