import { replyTo } from "../../netfilter/conntrack/reply";
import {
  type CounterAgreement,
  expectedCounts,
  judgeCounts,
  type Round,
  tallyOf,
} from "../../netfilter/counters";
import type { Host, Packet, Ruleset, Step, Traversal } from "../../netfilter/model";
import { type Entry, type HostOutcome, traverse } from "../../netfilter/traverse";

/** Rule counters of a host, read before and after the packets were sent. */
export interface Readings {
  /** An earlier reading, to measure other traffic: as long before the trace's reading as `after` is after it. */
  readonly quiet?: readonly Ruleset[];
  readonly after: readonly Ruleset[];
  /** Number of new connections (or packets without a connection) sent before `after`. */
  readonly sent: number;
}

/** The intervals between readings are assumed to be equal, because dumps don't contain the time in milliseconds. */
const INTERVAL_MS = 1000;

/** Compares the growth of a host's rule counters with the path predicted for a packet. */
export function judgeReadings(
  host: Host,
  traversal: Traversal<HostOutcome>,
  from: Entry,
  readings: Readings,
): CounterAgreement {
  const { family } = traversal.packet;
  const outcomes = traversal.outcomes.map(({ steps }) => steps);
  const own = host.rulesets.filter((ruleset) => ruleset.family === family);
  const expected = expectedCounts(host.place, own, { outcomes, after: laterSteps(host, traversal, from) });
  const now = tallyOf(own, family);
  const round = (sent: number, before: Round["before"], after: Round["after"]): Round => ({
    sent,
    before,
    after,
    milliseconds: INTERVAL_MS,
  });
  return judgeCounts(expected, [
    ...(readings.quiet === undefined ? [] : [round(0, tallyOf(readings.quiet, family), now)]),
    round(readings.sent, now, tallyOf(readings.after, family)),
  ]);
}

/** The steps of packets that follow: every possible reply, and the sender's next packet. */
function laterSteps(
  host: Host,
  { packet, outcomes }: Traversal<HostOutcome>,
  from: Entry,
): readonly (readonly Step[])[] {
  const later: (readonly Step[])[] = [];
  const add = (sent: Packet, entry: Entry, state: HostOutcome["state"]): void => {
    for (const { steps, caused = [] } of traverse(host, sent, { from: entry, state }).outcomes)
      later.push(steps, ...caused.map((each) => each.steps));
  };
  for (const outcome of outcomes) {
    later.push(...(outcome.caused ?? []).map(({ steps }) => steps));
    const back: Entry | undefined =
      outcome.left?.dev !== undefined
        ? { in: outcome.left.dev }
        : outcome.delivered
          ? { local: true }
          : undefined;
    if (back === undefined) continue;
    for (const answer of ["accepts", "refuses"] as const) {
      const reply = replyTo(outcome.packet, answer);
      if (reply === undefined) continue;
      add(reply, back, outcome.state);
      for (const { state } of traverse(host, reply, { from: back, state: outcome.state }).outcomes)
        add({ ...packet, ...(packet.tcpFlags ? { tcpFlags: ["ACK"] } : {}) }, from, state);
    }
  }
  return later;
}

const GLYPHS = { agrees: "✓", differs: "≠", unsure: "?" } as const;

/** Formats the result as the lines below a path in the terminal. */
export function countersText({ agrees, rules }: CounterAgreement): string {
  const head =
    agrees === undefined
      ? "counters: inconclusive"
      : `counters: ${agrees ? "agree with the path" : "differ from the path"}`;
  return `${[head, ...rules.map(({ says, text }) => `  ${GLYPHS[says]} ${text}`)].join("\n")}\n`;
}

/** Formats the result for `--json`. */
export function countersJson({ agrees, rules }: CounterAgreement): object {
  return {
    agrees: agrees ?? null,
    rules: rules.map(({ expected: { table, chain, text: rule, says: predicted }, grew, says, text }) => ({
      table,
      chain,
      rule,
      predicted,
      grew: grew ?? null,
      says,
      text,
    })),
  };
}
