import { host, LOCAL, packet, via } from "../../../../test/netfilter/router";
import type { Host, Packet } from "../../model";
import { Evaluation } from "../state/evaluation";
import { contextOf, type TraverseOptions } from "../traverse";
import { follow } from "./follow";

/** The stages of one packet in order. A hook shows its entries; `>` marks those of a packet that this host sends in reply. */
function stagesOf(on: Host, sent: Packet, from: TraverseOptions["from"]): string {
  const stages: string[] = [];
  const run = follow(
    { kind: "arrive", from },
    contextOf(on, sent, { from }),
    Evaluation.start(),
    (stage, context) => {
      const depth = context.resume === undefined ? "" : ">";
      switch (stage.kind) {
        case "hook":
          // The hook stage between two entries says nothing new.
          if (stage.at === 0 && stage.nth === 0) stages.push(`${depth}${stage.point}`);
          break;
        case "chain":
          stages.push(`${depth}${stage.base.table}`);
          break;
        default:
          stages.push(`${depth}${stage.kind}`);
      }
    },
  );
  expect([...run]).toHaveLength(1);
  return stages.join(" ");
}

const tables = [
  "raw: -A PREROUTING -s 192.0.2.1 -j DROP",
  "mangle: -A PREROUTING -s 192.0.2.1 -j DROP",
  "nat: -A PREROUTING -s 192.0.2.1 -j DNAT --to-destination 10.2.0.9",
];

test("the stages of a forwarded packet", () => {
  expect(
    stagesOf(host([...tables, "-A FORWARD -j ACCEPT"]), packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0")),
  ).toBe(
    [
      "arrive receive",
      "received raw conntrack mangle nat nat-chain nat nat-chain nat-done",
      "route forward",
      "forwarded mangle filter",
      "leave leaving mangle nat nat-chain nat nat-chain nat-done confirm",
      "transmit end",
    ].join(" "),
  );
});

test("the stages of a delivered packet", () => {
  expect(
    stagesOf(host([...tables, "-A INPUT -j ACCEPT"]), packet("udp 10.1.0.9:1 10.1.0.1:2"), via("d0")),
  ).toBe(
    [
      "arrive receive",
      "received raw conntrack mangle nat nat-chain nat nat-chain nat-done",
      "route deliver",
      "delivered mangle filter nat nat-chain nat nat-chain nat-done confirm",
      "delivered end",
    ].join(" "),
  );
});

test("the stages of a packet that a local process sends", () => {
  expect(stagesOf(host([...tables, "-A OUTPUT -j ACCEPT"]), packet("udp 10.1.0.1:1 10.2.0.9:2"), LOCAL)).toBe(
    [
      "arrive send",
      "sent raw conntrack mangle reroute nat nat-chain nat nat-chain nat-done filter",
      "leave leaving mangle nat nat-chain nat nat-chain nat-done confirm",
      "transmit end",
    ].join(" "),
  );
});

test("the error of a rejected packet runs to its end before the packet itself ends", () => {
  const on = host(["-A FORWARD -m conntrack --ctstate NEW -j REJECT"]);
  expect(stagesOf(on, packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0"))).toBe(
    [
      "arrive receive received conntrack route forward forwarded filter",
      "reply >send >sent >conntrack >filter >leave >leaving >confirm >transmit >end",
      "end",
    ].join(" "),
  );
});

test("at a decision, only the stage that decides runs again", () => {
  const on = host([
    "mangle: -A PREROUTING -m comment --comment first",
    "-A FORWARD -m statistic --mode random --probability 0.5 -j ACCEPT",
    "-A FORWARD -m statistic --mode random --probability 0.5 -j DROP",
  ]);
  const from = via("d0");
  const seen = new Map<string, number>();
  const run = follow(
    { kind: "arrive", from },
    contextOf(on, packet("udp 10.1.0.9:1 10.2.0.9:2"), { from }),
    Evaluation.start(),
    ({ kind }) => seen.set(kind, (seen.get(kind) ?? 0) + 1),
  );
  const outcomes = [...run].map(({ disposition, evaluation }) => [
    disposition.verdict,
    evaluation.probability,
  ]);
  expect(outcomes).toEqual([
    ["accept", { numerator: 1n, denominator: 2n }],
    ["drop", { numerator: 1n, denominator: 4n }],
    ["accept", { numerator: 1n, denominator: 4n }],
  ]);
  // Two accepted packets leave; everything before the first decision runs once.
  expect([seen.get("receive"), seen.get("route"), seen.get("forward"), seen.get("transmit")]).toEqual([
    1, 1, 1, 2,
  ]);
});
