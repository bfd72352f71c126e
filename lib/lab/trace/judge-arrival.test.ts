import type { JourneyOutcome } from "../../netfilter/journey";
import type { Packet, Step, Verdict } from "../../netfilter/model";
import type { PlaceTrace, SightingPoint } from "../../netfilter/trace";
import { type Arrival, arrived, isSettled } from "./arrival";
import { type ArrivalEvidence, judgeArrival } from "./judge-arrival";

// Two places, a and b, connected by one link. Every packet is sent from a to b.
const common = {
  family: "ipv4",
  src: "10.0.0.1",
  dst: "10.0.0.2",
  ttl: 64,
  tos: 0,
  length: 60,
  mark: 0,
} as const;
const syn: Packet = { ...common, protocol: "tcp", sport: 1000, dport: 80, tcpFlags: ["SYN"] };
const datagram: Packet = { ...common, protocol: "udp", sport: 1000, dport: 53 };

interface Given {
  readonly packet?: Packet;
  readonly verdict?: Verdict;
  readonly delivered?: boolean;
  readonly a?: readonly SightingPoint[];
  /** Points at which b reports the packet. Absent if b was not traced. */
  readonly b?: readonly SightingPoint[];
  readonly answer?: readonly ("SYN" | "ACK" | "RST")[];
  readonly socket?: boolean;
  readonly more?: Omit<ArrivalEvidence, "traces" | "agreement">;
}

function judge(given: Given): Arrival {
  const {
    packet = syn,
    verdict = "accept",
    delivered = verdict === "accept",
    a = ["output", "egress"],
  } = given;
  const at = { before: packet, after: packet };
  const steps: Step[] = [
    { kind: "routing", place: "a", ...at, text: "", decision: "out", out: "eth0" },
    {
      kind: "link",
      place: "a",
      ...at,
      from: { place: "a", link: "eth0" },
      to: { place: "b", link: "eth0" },
      text: "",
    },
    { kind: "end", place: "b", ...at, verdict, text: "" },
  ];
  const outcome: JourneyOutcome = {
    probability: { numerator: 1n, denominator: 1n },
    certain: true,
    dependsOn: [],
    verdict,
    packet,
    steps,
    place: "b",
    delivered,
    state: new Map(),
  };
  const header = { ...packet, flags: packet.tcpFlags ?? [] };
  const seen = (point: SightingPoint) => ({
    kind: "seen" as const,
    point,
    link: "eth0",
    header: packet.protocol === "tcp" ? header : { ...packet },
    ...(point === "input" && given.socket !== undefined ? { socket: given.socket } : {}),
  });
  const reply = {
    kind: "seen" as const,
    point: "output" as const,
    header: {
      ...header,
      src: packet.dst,
      dst: packet.src,
      sport: 80,
      dport: 1000,
      flags: given.answer ?? [],
    },
  };
  const reported = { ingress: true, egress: true, sockets: given.socket !== undefined };
  const trace = (
    place: string,
    points: readonly SightingPoint[],
    answers: readonly (typeof reply)[],
  ): PlaceTrace => ({
    place,
    packets: [],
    sightings: { reported, all: [...points.map(seen), ...answers] },
  });
  const traces = [
    trace("a", a, []),
    ...(given.b === undefined ? [] : [trace("b", given.b, given.answer === undefined ? [] : [reply])]),
  ];
  return judgeArrival(outcome, {
    traces,
    agreement: { agrees: true, outcome: 0, events: 0, packets: [] },
    ...given.more,
  });
}

const all = ["ingress", "prerouting", "input"] as const;

test.each<[string, Given, Arrival["kind"], boolean | undefined]>([
  ["a SYN that is answered by SYN,ACK was delivered", { b: all, answer: ["SYN", "ACK"] }, "delivered", true],
  ["a SYN that is answered by RST was refused", { b: all, answer: ["RST", "ACK"] }, "refused", true],
  ["a SYN without a reply is lost, although it passed INPUT", { b: all }, "lost", false],
  ["a SYN that does not reach the end of INPUT is lost", { b: ["ingress", "prerouting"] }, "lost", false],
  ["a SYN that is not seen after its sender is lost", { b: [] }, "lost", false],
  [
    "a RST without a sighting at INPUT proves nothing: a rule may have sent it",
    { b: ["ingress"], answer: ["RST", "ACK"] },
    "lost",
    false,
  ],
  ["arrival is unconfirmed if the last namespace was not traced", {}, "unconfirmed", undefined],
  [
    "a datagram is delivered if a socket was found",
    { packet: datagram, b: all, socket: true },
    "delivered",
    true,
  ],
  [
    "a datagram is refused if no socket was found",
    { packet: datagram, b: all, socket: false },
    "refused",
    true,
  ],
  [
    "a datagram is unconfirmed if the kernel cannot look up sockets",
    { packet: datagram, b: all },
    "unconfirmed",
    undefined,
  ],
  [
    "a datagram is unconfirmed if its socket discards datagrams",
    { packet: datagram, b: all, socket: true, more: { dropped: new Map([["b", 1]]) } },
    "unconfirmed",
    undefined,
  ],
  [
    "arrival is unconfirmed if the predicted verdict is unknown",
    { verdict: "unknown", b: all },
    "unconfirmed",
    undefined,
  ],
  [
    "a predicted drop is confirmed if the packet is seen up to that place but not after it",
    { verdict: "drop", b: ["ingress", "prerouting"] },
    "stopped",
    true,
  ],
  ["a predicted drop is refuted if the packet is delivered", { verdict: "drop", b: all }, "passed", false],
  [
    "a predicted drop is refuted if the packet is forwarded",
    { verdict: "drop", b: ["prerouting", "postrouting"] },
    "passed",
    false,
  ],
  ["a packet that is lost before its predicted drop is lost", { verdict: "drop", b: [] }, "lost", false],
])("%s", (_name, given, kind, confirmed) => {
  const arrival = judge(given);
  expect(arrival.kind).toBe(kind);
  expect(arrived(arrival)).toBe(confirmed);
});

test("the last sighting includes its namespace and link", () => {
  expect(judge({ b: ["ingress", "prerouting"] })).toMatchObject({
    last: { place: "b", point: "prerouting", link: "eth0" },
  });
  expect(judge({ b: [] })).toMatchObject({ last: { place: "a", point: "egress", link: "eth0" } });
});

test("a result based on a missing sighting is not settled", () => {
  expect(isSettled(judge({ verdict: "drop", b: ["ingress"] }))).toBe(false);
  expect(isSettled(judge({ b: all }))).toBe(false);
  expect(isSettled(judge({ b: all, answer: ["SYN", "ACK"] }))).toBe(true);
});
