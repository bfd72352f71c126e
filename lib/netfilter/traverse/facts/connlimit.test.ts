// Each count was measured on kernel 6.18.44 with five rules, `--connlimit-above 0` to `4`. Found by the fuzzer.

import { all, host, LOCAL, one, packet, rulesOf, via } from "../../../../test/netfilter/router";
import type { Packet, TcpFlag } from "../../model";
import { FRESH, type HostOutcome, type KernelState, later } from "..";

const above = (count: number): string =>
  `-A FORWARD -m connlimit --connlimit-above ${count} --connlimit-mask 32 --connlimit-saddr -m comment --comment over`;
const counting = host([0, 1, 2, 3, 4].map(above));

const tcp = (port: number, ...flags: TcpFlag[]): Packet =>
  packet(`tcp 10.1.0.9:${port} 10.2.0.9:80`, { tcpFlags: flags });
const answer = (port: number): Packet =>
  packet(`tcp 10.2.0.9:80 10.1.0.9:${port}`, { tcpFlags: ["SYN", "ACK"] });
/** Makes a connection ASSURED: the handshake and an ACK. */
const opened = (port: number): readonly Packet[] => [tcp(port, "SYN"), answer(port), tcp(port, "ACK")];

/** The count of the rules for each packet from 10.1.0.9, sent some time apart, or `dropped`. */
function counts(packets: readonly Packet[]): (number | "dropped")[] {
  let state: KernelState = FRESH;
  return packets.flatMap((each) => {
    const there = each.src === "10.1.0.9";
    const outcome: HostOutcome = one(counting, each, via(there ? "d0" : "d1"), {
      state: later(state, 0.1),
    });
    state = outcome.state;
    if (!there) return [];
    return [outcome.verdict === "drop" ? "dropped" : rulesOf(outcome).length];
  });
}

test("a connection that has ended is counted until another new or assured one is counted", () => {
  // The second connection ends before it becomes ASSURED.
  const short = [tcp(7, "SYN"), tcp(9, "SYN"), answer(9), tcp(9, "RST"), tcp(7, "SYN"), tcp(11, "SYN")];
  expect(counts(short)).toEqual([1, 2, 2, 2, 2]);
  const long = [...opened(9), ...opened(7), tcp(11, "SYN"), tcp(7, "RST"), tcp(9, "ACK"), tcp(9, "RST")];
  expect(counts(long)).toEqual([1, 1, 2, 2, 3, 2, 2, 1]);
});

test("a packet without a connection is counted until another connection is counted", () => {
  const lost = packet("icmp 10.1.0.9 10.2.0.9", { icmp: { type: 11, code: 0, id: 8 } });
  expect(counts([lost, lost, tcp(7, "SYN"), lost, tcp(7, "SYN"), tcp(8, "SYN")])).toEqual([1, 1, 1, 2, 2, 2]);
});

test("the match drops the packet that ends its only connection, without counting it", () => {
  expect(counts([...opened(9), tcp(9, "RST"), tcp(9, "RST"), tcp(9, "SYN")])).toEqual([
    1,
    1,
    "dropped",
    "dropped",
    1,
  ]);
});

test("a new connection is counted twice if it is evaluated twice within one tick of the kernel's clock", () => {
  const twice = host(["-A FORWARD -j U1", "-A FORWARD -j U1", above(1).replace("FORWARD", "U1")]);
  const outcomes = all(twice, tcp(7, "SYN"), via("d0"));
  expect(outcomes.map((outcome) => rulesOf(outcome).filter((text) => text.includes("over")).length)).toEqual([
    1, 0,
  ]);
  expect(outcomes.map(({ dependsOn }) => dependsOn[0])).toEqual([
    expect.stringContaining("within one tick"),
    expect.stringContaining("the kernel's clock ticks"),
  ]);
});

test("in raw, a reply of a connection with its own zone in the original direction is counted again each time", () => {
  // Measured on kernel 6.18.44 with `--connlimit-upto 1` to `4` (seed 100181): without the zone, it is counted once.
  const repeats = (zone: readonly string[]): readonly number[] => {
    const upto = [1, 2, 3, 4].map(
      (count) =>
        `raw: -A PREROUTING -i d1 -m connlimit --connlimit-upto ${count} --connlimit-mask 32 --connlimit-daddr`,
    );
    const on = host([...upto, ...zone]);
    let state = one(on, packet("tcp 10.1.0.1:9 10.2.0.9:80"), LOCAL).state;
    return [1, 2].map(() => {
      const outcome = one(on, packet("tcp 10.2.0.9:80 10.1.0.1:9", { tcpFlags: ["SYN", "ACK"] }), via("d1"), {
        state: later(state, 0.1),
      });
      state = outcome.state;
      return rulesOf(outcome).length;
    });
  };
  // Each rule whose limit is not exceeded matches: 4 for a count of 1, and 3 for a count of 2.
  expect(repeats([])).toEqual([4, 4]);
  expect(repeats(["raw: -A OUTPUT -j CT --zone-orig 4"])).toEqual([4, 3]);
});
