import { NO_ZONE } from "../conntrack/connection";
import type { Hook, Host, Match, Packet, Rule } from "../model";
import { BranchExplorer } from "../traverse/branch-explorer";
import { type EvaluationContext, tryDecide } from "../traverse/evaluation";
import { trackAsGiven } from "../traverse/given-state";
import { type HookState, hookStateOf } from "../traverse/hook-state";
import { testOf } from "../traverse/match";
import { reasonOf } from "../traverse/reason";
import { FRESH } from "../traverse/state";
import { packetText } from "../traverse/text";
import { type Circumstances, changeFor } from "./change";

/** Where a rule is asked. What is left out takes the value in brackets. */
export interface WhyOptions {
  /** [the only hook of a base chain, else FORWARD] */
  readonly hook?: Hook;
  /** [eth0, or none in OUTPUT and POSTROUTING] */
  readonly in?: string;
  /** [eth1, or none in PREROUTING and INPUT] */
  readonly out?: string;
  /** [NEW] */
  readonly state?: Circumstances["state"];
  /** Decides about local addresses and sets. [a host of which nothing is known] */
  readonly host?: Host;
}

/** Why a rule matches a packet, or does not. */
export interface Why {
  readonly answer: "matches" | "does not match" | "unknown";
  /** The first condition that failed, or that is not known. */
  readonly failed?: Match;
  /** In words. */
  readonly reason: string;
  /** What would have to be different for the rule to match: the fewest fields, each changed the least. */
  readonly change?: {
    readonly packet: Packet;
    readonly in: string;
    readonly out: string;
    readonly state: string;
    readonly text: string;
  };
}

const NOWHERE: Host = { place: "host", rulesets: [] };

function viewAt(host: Host, hook: Hook, at: Circumstances): HookState {
  const hookState = hookStateOf(host, hook, at.packet, { in: at.in, out: at.out });
  const options = { zone: NO_ZONE, now: 0, loose: () => true };
  const { attached, untracked } = trackAsGiven(FRESH.conntrack, at.packet, at.state, options);
  const socket = hook === "OUTPUT" ? "process" : "none";
  return {
    ...hookState,
    socket,
    untracked: untracked ?? false,
    ...(attached === undefined ? {} : { ct: attached }),
  };
}

function firstFailing(rule: Rule, hookState: HookState): { match: Match; known: boolean } | undefined {
  const evaluation: EvaluationContext = {
    state: FRESH,
    branches: new BranchExplorer(),
    unknownFields: new Set(),
    devices: new Map(),
  };
  evaluation.branches.begin();
  let open: Match | undefined;
  for (const match of rule.matches) {
    const test = testOf(match, "why");
    if (test.kind !== "pure") continue;
    const answer = tryDecide(test.ask(hookState, evaluation), evaluation);
    if (answer === false) return { match, known: true };
    if (answer === undefined) open ??= match;
  }
  return open === undefined ? undefined : { match: open, known: false };
}

/**
 * Asks one rule about one packet: the first condition that failed, and the smallest change that would make it match.
 * Conditions that chance or a counter decides are taken as met.
 */
export function why(rule: Rule, packet: Packet, options: WhyOptions = {}): Why {
  const hook = options.hook ?? "FORWARD";
  const host = options.host ?? NOWHERE;
  const at: Circumstances = {
    packet,
    in: options.in ?? (hook === "OUTPUT" || hook === "POSTROUTING" ? "" : "eth0"),
    out: options.out ?? (hook === "PREROUTING" || hook === "INPUT" ? "" : "eth1"),
    state: options.state ?? "NEW",
  };
  const hookState = viewAt(host, hook, at);
  const failing = firstFailing(rule, hookState);
  if (failing === undefined) return { answer: "matches", reason: "every condition holds" };
  if (!failing.known)
    return {
      answer: "unknown",
      failed: failing.match,
      reason: `not known: ${reasonOf(failing.match, hookState)}`,
    };
  const changed = satisfy(rule, at, hook, host);
  return {
    answer: "does not match",
    failed: failing.match,
    reason: reasonOf(failing.match, hookState),
    ...(changed === undefined ? {} : { change: { ...changed, text: differences(at, changed) } }),
  };
}

/** Circumstances in which a rule matches, as near to the given ones as can be; undefined where none were found. */
export function satisfy(
  rule: Rule,
  at: Circumstances,
  hook: Hook,
  host: Host = NOWHERE,
): Circumstances | undefined {
  let now = at;
  // Each round mends one condition; mending one may break another, so there are more rounds than conditions.
  for (let round = 0; round < rule.matches.length * 2 + 2; round++) {
    const failing = firstFailing(rule, viewAt(host, hook, now));
    if (failing === undefined || !failing.known) return now;
    const change = changeFor(failing.match, now);
    if (change === undefined) return undefined;
    now = { ...now, ...change };
  }
  return undefined;
}

function differences(before: Circumstances, after: Circumstances): string {
  const texts: string[] = [];
  for (const key of [
    "src",
    "dst",
    "protocol",
    "sport",
    "dport",
    "mark",
    "ttl",
    "tos",
    "length",
    "macSrc",
    "pktType",
  ] as const) {
    const [from, to] = [before.packet[key], after.packet[key]];
    if (from !== to) texts.push(`${key} ${to ?? "none"} instead of ${from ?? "none"}`);
  }
  const flags = (packet: Packet): string => (packet.tcpFlags ?? []).join(",") || "none";
  if (flags(before.packet) !== flags(after.packet))
    texts.push(`TCP flags ${flags(after.packet)} instead of ${flags(before.packet)}`);
  if (JSON.stringify(before.packet.icmp) !== JSON.stringify(after.packet.icmp))
    texts.push(packetText(after.packet));
  if (before.in !== after.in) texts.push(`in by ${after.in || "none"} instead of ${before.in || "none"}`);
  if (before.out !== after.out)
    texts.push(`out by ${after.out || "none"} instead of ${before.out || "none"}`);
  if (before.state !== after.state)
    texts.push(`a connection in state ${after.state} instead of ${before.state}`);
  return texts.join(", ");
}
