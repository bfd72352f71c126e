import { withoutUndefined } from "../../without-undefined";
import { NO_ZONE } from "../conntrack/connection";
import type { Hook, Host, Match, Packet, Rule } from "../model";
import { FRESH } from "../traverse";
import { testOf } from "../traverse/match";
import { reasonOf } from "../traverse/report/reason";
import { packetText } from "../traverse/report/text";
import { tryDecide } from "../traverse/state/answer";
import { Evaluation } from "../traverse/state/evaluation";
import { trackAsGiven } from "../traverse/state/given-state";
import { type HookState, hookStateOf } from "../traverse/state/hook-state";
import { type Circumstances, changeFor } from "./change";

/** Where a rule is evaluated. */
export interface WhyOptions {
  /** Default: FORWARD. */
  readonly hook?: Hook;
  /** The incoming device. Default: eth0, or none in OUTPUT and POSTROUTING. */
  readonly in?: string;
  /** The outgoing device. Default: eth1, or none in PREROUTING and INPUT. */
  readonly out?: string;
  /** The conntrack state of the packet. Default: NEW. */
  readonly state?: Circumstances["state"];
  /** Provides local addresses, routes and sets. Default: all of them are unknown. */
  readonly host?: Host;
}

/** Whether and why a rule matches a packet. */
export interface Why {
  readonly answer: "matches" | "does not match" | "unknown";
  /** The first condition that does not match, or whose result is unknown. */
  readonly failed?: Match;
  /** One sentence. */
  readonly reason: string;
  /** A small change with which the rule would match. */
  readonly change?: {
    readonly packet: Packet;
    readonly in: string;
    readonly out: string;
    readonly state: string;
    readonly text: string;
  };
}

const UNKNOWN_HOST: Host = { place: "host", rulesets: [] };

function hookStateAt(host: Host, hook: Hook, at: Circumstances): HookState {
  const hookState = hookStateOf(host, hook, at.packet, { in: at.in, out: at.out });
  const options = { zone: NO_ZONE, now: 0, loose: () => true, mayBeTranslated: false };
  const { attached, untracked } = trackAsGiven(FRESH.conntrack, at.packet, at.state, options);
  const socket = hook === "OUTPUT" ? "process" : "none";
  return {
    ...hookState,
    socket,
    untracked: untracked ?? false,
    ...withoutUndefined({ ct: attached }),
  };
}

function firstFailing(rule: Rule, hookState: HookState): { match: Match; known: boolean } | undefined {
  const evaluation = Evaluation.start();
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
 * Explains whether a rule matches a packet: the first condition that does not match, and a small change to the packet with
 * which the rule would match. Assumes that random conditions and conditions with a counter match.
 *
 * @param options.hook - default: FORWARD.
 * @param options.in - the incoming device. Default: eth0, or none in OUTPUT and POSTROUTING.
 * @param options.out - the outgoing device. Default: eth1, or none in PREROUTING and INPUT.
 * @param options.state - the conntrack state. Default: NEW.
 * @param options.host - provides local addresses, routes and sets. Default: all of them are unknown.
 * @example
 * import { parseRuleset, why } from "wirebook";
 *
 * const rules = parseRuleset("*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -p tcp --dport 443 -j DROP\nCOMMIT\n");
 * const rule = rules.tables.get("filter")?.chains.get("FORWARD")?.rules[0];
 * const packet = {
 *   family: "ipv4", src: "192.0.2.1", dst: "192.0.2.2", protocol: "tcp", sport: 40000, dport: 80,
 *   ttl: 64, tos: 0, length: 60, mark: 0,
 * } as const;
 * if (rule !== undefined) console.log(why(rule, packet).reason); // destination port 80 is not 443
 */
export function why(rule: Rule, packet: Packet, options: WhyOptions = {}): Why {
  const hook = options.hook ?? "FORWARD";
  const host = options.host ?? UNKNOWN_HOST;
  const at: Circumstances = {
    packet,
    in: options.in ?? (hook === "OUTPUT" || hook === "POSTROUTING" ? "" : "eth0"),
    out: options.out ?? (hook === "PREROUTING" || hook === "INPUT" ? "" : "eth1"),
    state: options.state ?? "NEW",
  };
  const hookState = hookStateAt(host, hook, at);
  const failing = firstFailing(rule, hookState);
  if (failing === undefined) return { answer: "matches", reason: "all conditions match" };
  if (!failing.known)
    return {
      answer: "unknown",
      failed: failing.match,
      reason: `unknown: ${reasonOf(failing.match, hookState)}`,
    };
  const changed = satisfy(rule, at, hook, host);
  return {
    answer: "does not match",
    failed: failing.match,
    reason: reasonOf(failing.match, hookState),
    ...(changed === undefined ? {} : { change: { ...changed, text: differences(at, changed) } }),
  };
}

/** Changes a packet, its devices or its state as little as possible, so that a rule matches. Undefined if that fails. */
export function satisfy(
  rule: Rule,
  at: Circumstances,
  hook: Hook,
  host: Host = UNKNOWN_HOST,
): Circumstances | undefined {
  let now = at;
  // Each round fixes one condition, which may break another one. There are therefore more rounds than conditions.
  for (let round = 0; round < rule.matches.length * 2 + 2; round++) {
    const failing = firstFailing(rule, hookStateAt(host, hook, now));
    if (failing === undefined || !failing.known) return now;
    const change = changeFor(failing.match, now);
    if (change === undefined) return undefined;
    now = { ...now, ...change };
  }
  return undefined;
}

/** The name of each field of a packet, and its value as text. */
const FIELDS: Readonly<
  Record<Exclude<keyof Packet, "icmp">, readonly [name: string, text: (packet: Packet) => string | undefined]>
> = {
  family: ["family", ({ family }) => family],
  src: ["src", ({ src }) => src],
  dst: ["dst", ({ dst }) => dst],
  protocol: ["protocol", ({ protocol }) => protocol],
  sport: ["sport", ({ sport }) => sport?.toString()],
  dport: ["dport", ({ dport }) => dport?.toString()],
  mark: ["mark", ({ mark }) => String(mark)],
  ttl: ["ttl", ({ ttl }) => String(ttl)],
  tos: ["tos", ({ tos }) => String(tos)],
  length: ["length", ({ length }) => String(length)],
  macSrc: ["macSrc", ({ macSrc }) => macSrc],
  pktType: ["pktType", ({ pktType }) => pktType],
  fragment: ["fragment offset", ({ fragment }) => fragment?.offset.toString()],
  owner: ["owner", ({ owner }) => owner && JSON.stringify(owner)],
  payload: ["payload", ({ payload }) => payload && `${payload.length} bytes`],
  tcpFlags: ["TCP flags", ({ tcpFlags = [] }) => tcpFlags.join(",") || undefined],
};

function differences(before: Circumstances, after: Circumstances): string {
  const texts: string[] = [];
  for (const [name, text] of Object.values(FIELDS)) {
    const [from, to] = [text(before.packet), text(after.packet)];
    if (from !== to) texts.push(`${name} ${to ?? "none"} instead of ${from ?? "none"}`);
  }
  if (JSON.stringify(before.packet.icmp) !== JSON.stringify(after.packet.icmp))
    texts.push(packetText(after.packet));
  if (before.in !== after.in) texts.push(`in by ${after.in || "none"} instead of ${before.in || "none"}`);
  if (before.out !== after.out)
    texts.push(`out by ${after.out || "none"} instead of ${before.out || "none"}`);
  if (before.state !== after.state)
    texts.push(`a connection in state ${after.state} instead of ${before.state}`);
  return texts.join(", ");
}
