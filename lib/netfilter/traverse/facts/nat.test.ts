// Details of the packet flow that models often get wrong. Each case was measured on kernel 6.18 with iptables 1.8.9 (legacy
// and nft), or is taken from the kernel source.

import { address, all, hit, host, LOCAL, link, one, packet, via } from "../../../../test/netfilter/router";
import { nextOf, replyTo } from "../../conntrack/reply";
import { FRESH, type KernelState } from "..";
import { traversalToJson } from "../report/json";
import { traversalToText } from "../report/text";

describe("NAT", () => {
  test("the address of a DNAT range depends on source and destination, not on the ports", () => {
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

  test("the third flow to a source range with two ports is dropped", () => {
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

  test.each([
    [
      "POSTROUTING -j MASQUERADE --random-fully",
      "sport",
      "the source port is drawn at random from 1024-65535",
    ],
    ["POSTROUTING -j MASQUERADE --random", "sport", "the source port is drawn at random from 1024-65535"],
    [
      "POSTROUTING -p udp -j SNAT --to-source 10.2.0.1:2000-2999 --random",
      "sport",
      "the source port is drawn at random from 2000-2999",
    ],
    [
      "PREROUTING -p udp -j DNAT --to-destination 10.2.0.9:8000-8999 --random",
      "dport",
      "the destination port is drawn at random from 8000-8999",
    ],
  ] as const)(
    "-A %s leaves the %s unknown and lists it as drawn; the outcome is certain",
    (rule, side, text) => {
      const outcome = one(host([`nat: -A ${rule}`]), packet("udp 10.1.0.9:40000 10.2.0.9:53"), via("d0"));
      expect(outcome).toMatchObject({
        certain: true,
        dependsOn: [],
        drawn: [text],
        verdict: "accept",
        probability: { numerator: 1n, denominator: 1n },
      });
      expect(outcome.packet[side]).toBeUndefined();
      expect(traversalToJson({ packet: outcome.packet, outcomes: [outcome] }).outcomes[0]).toMatchObject({
        certain: true,
        drawn: [text],
      });
      expect(traversalToText({ packet: outcome.packet, outcomes: [outcome] })).toContain(`~ ${text}`);
    },
  );

  test("a rule that compares a randomly chosen port has two outcomes", () => {
    const on = host([
      "nat: -A PREROUTING -p udp -j DNAT --to-destination 10.2.0.9:8000-8999 --random",
      "-A FORWARD -p udp -m udp --dport 8080 -j DROP",
    ]);
    const outcomes = all(on, packet("udp 10.1.0.9:40000 10.2.0.9:53"), via("d0"));
    expect(outcomes.map(({ verdict, certain, drawn }) => [verdict, certain, drawn?.length])).toEqual([
      ["drop", false, 1],
      ["accept", false, 1],
    ]);
  });

  test("rules are evaluated once; the second packet and the reply are rewritten from the connection", () => {
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

  test("if the first packet is dropped, its connection is not confirmed, and a retransmission is evaluated by nat again", () => {
    const on = host([
      "nat: -A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.2.0.9",
      "-A FORWARD -j DROP",
    ]);
    const sent = packet("tcp 10.1.0.9:1000 10.1.0.1:80");
    const first = one(on, sent, via("d0"));
    expect(hit(one(on, sent, via("d0"), { state: first.state }), "DNAT")).toBe(true);
  });

  test("over lo, nat is skipped in PREROUTING and INPUT, because OUTPUT and POSTROUTING have set up both ends", () => {
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

  test("ctstate DNAT matches only if the tuple changed", () => {
    const rules = (to: string): string[] => [
      `nat: -A PREROUTING -j DNAT --to-destination ${to}`,
      "-A FORWARD -m conntrack --ctstate DNAT -j DROP",
    ];
    expect(one(host(rules("10.2.0.9")), packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0")).verdict).toBe(
      "accept",
    );
    expect(one(host(rules("10.2.0.8")), packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0")).verdict).toBe("drop");
  });

  test("MASQUERADE uses the primary address of the device in the subnet of the next hop", () => {
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

  test("REDIRECT uses loopback for packets of the host, and an address of the incoming device for others", () => {
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

  test("an ICMP error is RELATED, and the addresses in it are translated back", () => {
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
