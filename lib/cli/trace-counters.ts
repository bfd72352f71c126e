import { replyTo } from "../netfilter/conntrack/reply";
import {
  type CounterAgreement,
  expectedCounts,
  judgeCounts,
  type Round,
  tallyOf,
} from "../netfilter/counters";
import type { Host, Packet, Ruleset, Step, Traversal } from "../netfilter/model";
import { type Entry, type HostOutcome, traverse } from "../netfilter/traverse";

/** Readings of a host's counters around the packets that were sent. */
export interface Readings {
  /** When nothing was sent yet, and as long before the trace's own reading as `after` is behind it. */
  readonly quiet?: readonly Ruleset[];
  readonly after: readonly Ruleset[];
  /** New connections (or packets without one) between the two. */
  readonly sent: number;
}

/** Stretches between readings count as equally long: nobody wrote down how long they were. */
const STRETCH = 1000;

/** Lays the counters of a host before and after beside the path that was predicted for a packet. */
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
    milliseconds: STRETCH,
  });
  return judgeCounts(expected, [
    ...(readings.quiet === undefined ? [] : [round(0, tallyOf(readings.quiet, family), now)]),
    round(readings.sent, now, tallyOf(readings.after, family)),
  ]);
}

/** What comes by after the packet: its answer, whatever it is, and the sender's next packet. */
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

/** The lines below a path in the terminal. */
export function countersText({ agrees, rules }: CounterAgreement): string {
  const head =
    agrees === undefined
      ? "counters: could not tell"
      : `counters: ${agrees ? "agree with the path" : "differ from the path"}`;
  return `${[head, ...rules.map(({ says, text }) => `  ${GLYPHS[says]} ${text}`)].join("\n")}\n`;
}

/** The same for `--json`. */
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
