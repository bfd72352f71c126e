// Details of the packet flow that models often get wrong. Each case was measured on kernel 6.18 with iptables 1.8.9 (legacy
// and nft), or is taken from the kernel source.

import { all, hit, host, LOCAL, one, packet, rulesOf, via } from "../../../../test/netfilter/router";
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
    ["an ACK without a connection (tcp_loose)", ["ACK"], "NEW"],
    ["a RST without a connection", ["RST"], "INVALID"],
    ["a SYN,ACK without a connection", ["SYN", "ACK"], "INVALID"],
    ["no flags", [], "INVALID"],
    ["SYN and FIN", ["SYN", "FIN"], "INVALID"],
  ] as const)("%s is %s", (_name, tcpFlags, state) => {
    expect(stateOf(one(on, packet("tcp 10.1.0.9:1 10.1.0.1:80", { tcpFlags }), via("d0")))).toBe(state);
  });

  test("an echo reply without a request is INVALID", () => {
    expect(
      stateOf(one(on, packet("icmp 10.1.0.9 10.1.0.1", { icmp: { type: 0, code: 0, id: 1 } }), via("d0"))),
    ).toBe("INVALID");
  });

  test("without a connection, only --ctstate can match", () => {
    const lost = host([
      "-A INPUT -m conntrack --ctproto 6 -j DROP",
      "-A INPUT -m conntrack ! --ctorigdst 1.1.1.1 -j DROP",
      "-A INPUT -m conntrack --ctstate INVALID -m comment --comment state",
    ]);
    expect(
      rulesOf(one(lost, packet("tcp 10.1.0.9:1 10.1.0.1:80", { tcpFlags: ["RST"] }), via("d0"))),
    ).toHaveLength(1);
  });

  test("NOTRACK makes a packet UNTRACKED, and NAT ignores it", () => {
    const free = host([
      "raw: -A PREROUTING -j CT --notrack",
      "nat: -A PREROUTING -j DNAT --to-destination 10.2.0.9",
      `${states} UNTRACKED -m comment --comment free`,
    ]);
    const outcome = one(free, packet("udp 10.1.0.9:1 10.1.0.1:2"), via("d0"));
    expect([outcome.delivered, hit(outcome, "free")]).toEqual([true, true]);
  });

  test("the same addresses in another zone are another connection", () => {
    const zoned = host(["raw: -A PREROUTING -i d1 -j CT --zone 5", `${states} NEW -m comment --comment new`]);
    const sent = packet("udp 10.1.0.9:1 10.1.0.1:2");
    const first = one(zoned, sent, via("d0"));
    const reply = one(zoned, replyTo(sent) ?? sent, LOCAL, { state: first.state });
    expect(hit(one(zoned, sent, via("d0"), { state: reply.state }), "new")).toBe(false);
    expect(hit(one(zoned, sent, via("d1"), { state: reply.state }), "new")).toBe(true);
  });

  test("a mark saved in the connection is restored for the reply", () => {
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

test("a RST that ends a connection without a reply counts as its reply (found by the fuzzer)", () => {
  const on = host(["-A OUTPUT -m conntrack --ctstatus SEEN_REPLY -m comment --comment seen"]);
  const first = one(on, packet("tcp 10.1.0.9:1 10.1.0.1:80"), via("d0"));
  const refusal = packet("tcp 10.1.0.1:80 10.1.0.9:1", { tcpFlags: ["RST", "ACK"] });
  const outcome = one(on, refusal, LOCAL, { state: first.state });
  expect([hit(outcome, "seen"), outcome.state.conntrack.connections()]).toEqual([true, []]);
});

test("a flow in two zones with the same reply zone clashes, and NAT changes its source port (found by the fuzzer)", () => {
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

test("whether two flows clash depends on the zones in the direction in which the older one is found", () => {
  const clashes = (zone: string): boolean => {
    const on = host([
      `raw: -A PREROUTING -i d0 -j CT ${zone}`,
      "nat: -A PREROUTING -i d0 -j DNAT --to-destination 10.2.0.9",
    ]);
    const older = one(on, packet("udp 10.2.0.9:80 10.1.0.9:80"), via("d1"));
    const newer = one(on, packet("udp 10.1.0.9:80 10.1.0.1:80"), via("d0"), { state: older.state });
    return newer.packet.sport !== 80;
  };
  // Replies to the newer flow have the tuple of the older flow, with zone 0 for both. In the direction of the older flow,
  // the newer one has zone 4.
  expect(clashes("--zone-orig 4")).toBe(false);
  expect(clashes("--zone-reply 4")).toBe(false);
  expect(clashes("--zone 0")).toBe(true);
});

test("a UDP reply that does not find its connection keeps its port, and cannot be confirmed (found by the fuzzer)", () => {
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

test("without NAT, such a flow cannot be confirmed and is dropped after POSTROUTING", () => {
  const on = host([
    "raw: -A PREROUTING -i d1 -j CT --zone-orig 4",
    "mangle: -A POSTROUTING -m comment --comment seen",
  ]);
  const sent = packet("udp 10.1.0.9:80 10.2.0.9:80");
  const first = one(on, sent, via("d0"));
  const other = one(on, sent, via("d1"), { state: first.state });
  expect([first.verdict, other.verdict, hit(other, "seen")]).toEqual(["accept", "drop", true]);
});

test("an INVALID packet loses the zone that CT set before it is received on lo (found by the fuzzer)", () => {
  const on = host(["raw: -A OUTPUT -j CT --zone 5", `-A INPUT -m conntrack --ctstate NEW`]);
  const stray = packet("tcp 10.1.0.1:80 127.0.0.1:1", { tcpFlags: ["SYN", "ACK"] });
  const first = one(on, packet("tcp 127.0.0.1:1 10.1.0.1:80"), LOCAL);
  // In zone 5, the SYN is INVALID. When it is received without a zone, it opens a connection.
  const impossible = one(on, { ...stray, tcpFlags: ["SYN"] }, LOCAL, {
    state: one(on, stray, LOCAL, { state: first.state }).state,
  });
  expect(impossible.steps.flatMap((step) => (step.kind === "conntrack" ? [step.state] : []))).toEqual([
    "INVALID",
    "NEW",
  ]);
});

test("NOTRACK ignores the kernel's reply to an untracked packet, which is INVALID (found by the fuzzer)", () => {
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
  const on = host(["-A OUTPUT -m conntrack --ctstatus ASSURED"]);
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

  test("is set for UDP after a reply and more than two seconds", () => {
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

  test("is never set for a protocol without its own tracker (found by the fuzzer)", () => {
    const [there, back] = both("esp");
    expect(
      assured([
        [there, "d0", 0],
        [back, "local", 5],
        [there, "d0", 5],
      ]),
    ).toBe(false);
  });

  test("is set for TCP with the last segment of the handshake", () => {
    const [there, back] = both("tcp");
    const handshake: [Packet, "d0" | "local", number][] = [
      [there, "d0", 0],
      [{ ...back, tcpFlags: ["SYN", "ACK"] }, "local", 0],
    ];
    expect(assured(handshake)).toBe(false);
    expect(assured([...handshake, [{ ...there, tcpFlags: ["ACK"] }, "d0", 0]])).toBe(true);
  });
});

describe("a packet of which only the state ESTABLISHED is given", () => {
  const ctState = "ESTABLISHED" as const;
  const sent = packet("tcp 10.1.0.9:1000 10.1.0.1:80", { tcpFlags: ["ACK"] });
  const dnat = "nat: -A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.2.0.9";
  const found = (rules: readonly string[], from = via("d0"), each = sent): unknown =>
    all(host(rules), each, from, { ctState }).map(({ packet: { src, dst }, delivered, certain }) => [
      src,
      dst,
      delivered,
      certain,
    ]);

  test("may have been translated by a rule that matches its first packet: both paths are followed", () => {
    expect(found([dnat])).toEqual([
      ["10.1.0.9", "10.2.0.9", false, false],
      ["10.1.0.9", "10.1.0.1", true, false],
    ]);
  });

  test("does not hit the nat rules itself", () => {
    const [outcome] = all(host([dnat]), sent, via("d0"), { ctState });
    expect([rulesOf(outcome ?? { steps: [] }), outcome?.dependsOn[0]]).toEqual([
      [],
      "the connection was translated when it began (dnat to 10.2.0.9)",
    ]);
    expect(outcome?.steps.flatMap((step) => (step.kind === "nat" ? [step.text] : []))).toEqual([
      "rewritten from the connection: like the first packet",
    ]);
  });

  test("is uncertain if it may be a reply that is translated back", () => {
    expect(found([dnat], via("d1"), packet("tcp 10.2.0.9:80 10.1.0.9:1000", { tcpFlags: ["ACK"] }))).toEqual([
      ["10.2.0.9", "10.1.0.9", false, false],
    ]);
  });

  test("is certain if no rule translates connections", () => {
    expect(found(["nat: -A PREROUTING -j ACCEPT", "-A INPUT -m conntrack --ctstate ESTABLISHED"])).toEqual([
      ["10.1.0.9", "10.1.0.1", true, true],
    ]);
  });

  test("leaves the counters of nat rules as they are, because the kernel does not evaluate them", () => {
    const counted = `${dnat.replace("-j", "-m statistic --mode nth --every 2 --packet 0 -j")}`;
    const outcomes = all(host([counted]), sent, via("d0"), { ctState });
    expect(outcomes.map(({ state }) => [...state.nth.entries()])).toEqual([[], []]);
  });
});

test("after a SYN that was ignored, the SYN,ACK brings a closed connection back in sync (found by the fuzzer)", () => {
  const on = host(["-A INPUT -m conntrack --ctstate ESTABLISHED -m comment --comment known"]);
  const there = packet("tcp 10.1.0.9:1 10.1.0.1:80");
  const back = packet("tcp 10.1.0.1:80 10.1.0.9:1");
  let state = FRESH;
  const send = (each: Packet, tcpFlags: Packet["tcpFlags"] & {}): HostOutcome => {
    const outcome = one(on, { ...each, tcpFlags }, each === there ? via("d0") : LOCAL, { state });
    state = outcome.state;
    return outcome;
  };
  send(there, ["SYN"]);
  send(back, ["SYN", "ACK"]);
  send(there, ["RST", "ACK"]);
  send(back, ["RST", "ACK"]);
  const closed = later(state, 0).conntrack.connections()[0];
  send(there, ["SYN"]);
  const ignored = state.conntrack.connections()[0];
  send(back, ["SYN", "ACK"]);
  expect([closed?.tcp, ignored?.tcp, state.conntrack.connections()[0]?.tcp]).toEqual([
    "CLOSE",
    "CLOSE",
    "SYN_RECV",
  ]);
  // Without that, a SYN,ACK of the client would be INVALID.
  expect(hit(send(there, ["SYN", "ACK"]), "known")).toBe(true);
});
