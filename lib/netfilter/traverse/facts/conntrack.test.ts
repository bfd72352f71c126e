// What most models get wrong: each case was measured on kernel 6.18 with iptables 1.8.9, legacy and nft, or is told by
// the kernel's source.

import { hit, host, LOCAL, one, packet, rulesOf, via } from "../../../../test/netfilter/router";
import { replyTo } from "../../conntrack/reply";
import type { Packet } from "../../model";
import { FRESH, type HostOutcome, later } from "..";

describe("conntrack", () => {
  const states = "-A INPUT -m conntrack --ctstate";
  const on = host(
    ["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"].map(
      (state) => `${states} ${state} -m comment --comment ${state}`,
    ),
  );
  const stateOf = (outcome: HostOutcome): string | undefined => rulesOf(outcome)[0]?.split(" ")[5];

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

test("a RST that ends a connection without reply still counts as its reply: found by the fuzz", () => {
  const on = host(["-A OUTPUT -m conntrack --ctstatus SEEN_REPLY -m comment --comment seen"]);
  const first = one(on, packet("tcp 10.1.0.9:1 10.1.0.1:80"), via("d0"));
  const refusal = packet("tcp 10.1.0.1:80 10.1.0.9:1", { tcpFlags: ["RST", "ACK"] });
  const outcome = one(on, refusal, LOCAL, { state: first.state });
  expect([hit(outcome, "seen"), outcome.state.conntrack.connections()]).toEqual([true, []]);
});

test("one flow in two zones that share the reply's zone clashes: NAT moves its source port: found by the fuzz", () => {
  const on = host([
    "raw: -A PREROUTING -i d1 -j CT --zone-orig 4",
    "nat: -A POSTROUTING -m comment --comment asked",
  ]);
  const sent = packet("tcp 10.1.0.9:80 10.2.0.9:80");
  const first = one(on, sent, via("d0"));
  const other = one(on, sent, via("d1"), { state: first.state });
  expect([first.packet.sport, other.packet.sport, other.certain]).toEqual([80, undefined, true]);
  expect(other.drawn).toEqual(["the source port is drawn at random from 1-511"]);
});

test("whether two flows clash, the zones decide of the direction in which the older one is found", () => {
  const clashes = (zone: string): boolean => {
    const on = host([
      `raw: -A PREROUTING -i d0 -j CT ${zone}`,
      "nat: -A PREROUTING -i d0 -j DNAT --to-destination 10.2.0.9",
    ]);
    const older = one(on, packet("udp 10.2.0.9:80 10.1.0.9:80"), via("d1"));
    const newer = one(on, packet("udp 10.1.0.9:80 10.1.0.1:80"), via("d0"), { state: older.state });
    return newer.packet.sport !== 80;
  };
  // The answers to the newer flow look as the older flow does: zone 0 for both, but in the older one's own direction
  // the newer one has zone 4.
  expect(clashes("--zone-orig 4")).toBe(false);
  expect(clashes("--zone-reply 4")).toBe(false);
  expect(clashes("--zone 0")).toBe(true);
});

test("of UDP, an answer that does not find its connection keeps its port, and cannot be confirmed: found by the fuzz", () => {
  const on = host([
    "raw: -A PREROUTING -i d0 -j CT --zone-reply 5",
    "nat: -A POSTROUTING -m comment --comment asked",
  ]);
  const answered = (protocol: string): HostOutcome => {
    const first = one(on, packet(`${protocol} 10.1.0.9:80 10.2.0.9:80`), via("d0"));
    return one(on, packet(`${protocol} 10.2.0.9:80 10.1.0.9:80`), via("d1"), { state: first.state });
  };
  expect(answered("udp")).toMatchObject({ verdict: "drop", certain: true, packet: { sport: 80 } });
  expect(answered("tcp").drawn).toHaveLength(1);
});

test("without NAT, such a flow cannot be confirmed: it is dropped behind POSTROUTING", () => {
  const on = host([
    "raw: -A PREROUTING -i d1 -j CT --zone-orig 4",
    "mangle: -A POSTROUTING -m comment --comment seen",
  ]);
  const sent = packet("udp 10.1.0.9:80 10.2.0.9:80");
  const first = one(on, sent, via("d0"));
  const other = one(on, sent, via("d1"), { state: first.state });
  expect([first.verdict, other.verdict, hit(other, "seen")]).toEqual(["accept", "drop", true]);
});

test("a zone that CT gave to an INVALID packet is used up: what comes back by lo has none: found by the fuzz", () => {
  const on = host(["raw: -A OUTPUT -j CT --zone 5", `-A INPUT -m conntrack --ctstate NEW`]);
  const stray = packet("tcp 10.1.0.1:80 127.0.0.1:1", { tcpFlags: ["SYN", "ACK"] });
  const first = one(on, packet("tcp 127.0.0.1:1 10.1.0.1:80"), LOCAL);
  // In zone 5 it is a SYN that cannot be; on its way back in, in no zone, it opens a connection.
  const impossible = one(on, { ...stray, tcpFlags: ["SYN"] }, LOCAL, {
    state: one(on, stray, LOCAL, { state: first.state }).state,
  });
  expect(impossible.steps.flatMap((step) => (step.kind === "conntrack" ? [step.state] : []))).toEqual([
    "INVALID",
    "NEW",
  ]);
});

test("NOTRACK does nothing to the answer to an untracked packet: it is INVALID: found by the fuzz", () => {
  const on = host([
    "raw: -A PREROUTING -j NOTRACK",
    "raw: -A OUTPUT -j NOTRACK",
    "-A FORWARD -j REJECT",
    "-A OUTPUT -m conntrack --ctstate INVALID -m comment --comment invalid",
  ]);
  const [error] = one(on, packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0")).caused ?? [];
  expect(error?.steps.some((step) => step.kind === "rule" && step.rule.text.includes("invalid"))).toBe(true);
});

describe("ASSURED", () => {
  const on = host([]);
  const assured = (sent: readonly [Packet, "d0" | "local", number][]): boolean => {
    let state = FRESH;
    for (const [each, from, seconds] of sent)
      state = one(on, each, from === "local" ? LOCAL : via(from), { state: later(state, seconds) }).state;
    return state.conntrack.connections()[0]?.assured === true;
  };
  const both = (protocol: string): [Packet, Packet] => [
    packet(`${protocol} 10.1.0.9:1 10.1.0.1:53`),
    packet(`${protocol} 10.1.0.1:53 10.1.0.9:1`),
  ];

  test("UDP is, once it is answered and lasts more than two seconds", () => {
    const [there, back] = both("udp");
    expect(
      assured([
        [there, "d0", 0],
        [back, "local", 1],
        [there, "d0", 0],
      ]),
    ).toBe(false);
    expect(
      assured([
        [there, "d0", 0],
        [back, "local", 1],
        [there, "d0", 2],
      ]),
    ).toBe(true);
  });

  test("a protocol without a tracker of its own never is: found by the fuzz", () => {
    const [there, back] = both("esp");
    expect(
      assured([
        [there, "d0", 0],
        [back, "local", 5],
        [there, "d0", 5],
      ]),
    ).toBe(false);
  });

  test("TCP is with the handshake's last segment", () => {
    const [there, back] = both("tcp");
    const handshake: [Packet, "d0" | "local", number][] = [
      [there, "d0", 0],
      [{ ...back, tcpFlags: ["SYN", "ACK"] }, "local", 0],
    ];
    expect(assured(handshake)).toBe(false);
    expect(assured([...handshake, [{ ...there, tcpFlags: ["ACK"] }, "d0", 0]])).toBe(true);
  });
});
