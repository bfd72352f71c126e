import type { Action, Outcome, Step, TableName, TcpFlag } from "../model";

/** The packet as a base chain meets it. */
export interface TracedHeader {
  readonly in: string;
  readonly out: string;
  readonly src: string;
  readonly dst: string;
  readonly length: number;
  readonly ttl: number;
  readonly sport?: number;
  readonly dport?: number;
  readonly flags: readonly TcpFlag[];
  readonly mark: number;
}

/** An event that the model expects the kernel's TRACE to tell. */
export interface KernelEvent {
  readonly place: string;
  readonly table: TableName;
  readonly chain: string;
  readonly kind: "rule" | "policy";
  readonly verdict: string;
  readonly rule?: string;
  readonly header: TracedHeader;
}

/** The verdict that TRACE shows for a rule: NAT accepts, REJECT drops, all that goes on says CONTINUE. */
export function tracedVerdict(action: Action): string {
  switch (action.kind) {
    case "accept":
    case "dnat":
    case "snat":
    case "masquerade":
    case "redirect":
    case "netmap":
    case "tproxy":
      return "ACCEPT";
    case "drop":
    case "reject":
      return "DROP";
    case "queue":
      return "QUEUE";
    case "return":
      return "RETURN";
    case "jump":
    case "goto":
      return `${action.kind.toUpperCase()}:${action.chain}`;
    default:
      return "CONTINUE";
  }
}

/**
 * The events of one outcome, in the kernel's order. Two things are not told in the order of the path: the answer that
 * REJECT sends comes before the rule that sends it, and what goes over lo comes back only after the work at hand.
 *
 * Tracing begins with the TRACE rule in raw; with `traced` it is on from the start.
 */
export function kernelEvents(outcome: Outcome, options: { readonly traced?: boolean } = {}): KernelEvent[] {
  const answers = [...(outcome.caused ?? [])];
  const events: KernelEvent[] = [];
  // Packets waiting on lo, with what was true of their tracing when they went there.
  const waiting: { steps: readonly Step[]; on: boolean }[] = [
    { steps: outcome.steps, on: options.traced ?? false },
  ];
  const run = (steps: readonly Step[], on: boolean): void => {
    let traced = on;
    // The header as the current base chain met it.
    let chain: { key: string; header: TracedHeader } | undefined;
    for (const [at, step] of steps.entries()) {
      if (step.kind === "link") {
        waiting.push({ steps: steps.slice(at + 1), on: false });
        return;
      }
      if (step.kind !== "rule" && step.kind !== "policy" && step.kind !== "return") continue;
      const key = `${step.hook} ${step.table} ${step.variant ?? ""}`;
      if (chain?.key !== key) chain = { key, header: headerOf(step) };
      if (step.kind === "rule" && step.rule.action.kind === "note" && step.rule.action.target === "TRACE")
        traced = true;
      if (step.kind === "rule" && step.rule.action.kind === "reject") {
        const answer = answers.shift();
        if (answer !== undefined) run(answer.steps, options.traced ?? false);
      }
      if (!traced || (step.kind === "return" && step.rule === undefined)) continue;
      const rule = step.kind === "policy" ? undefined : step.rule;
      events.push({
        place: step.place,
        table: step.table,
        chain: step.chain,
        kind: step.kind === "policy" ? "policy" : "rule",
        verdict:
          step.kind === "policy"
            ? step.policy
            : rule === undefined
              ? "RETURN"
              : step.kind === "rule" && step.hotdrop === true
                ? "DROP"
                : tracedVerdict(rule.action),
        ...(rule === undefined ? {} : { rule: rule.text }),
        header: chain.header,
      });
    }
  };
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) run(next.steps, next.on);
  return events;
}

function headerOf(step: Extract<Step, { kind: "rule" | "policy" | "return" }>): TracedHeader {
  const { before } = step;
  return {
    in: step.in ?? "",
    out: step.out ?? "",
    src: before.src,
    dst: before.dst,
    length: before.length,
    ttl: before.ttl,
    ...(before.sport === undefined ? {} : { sport: before.sport }),
    ...(before.dport === undefined ? {} : { dport: before.dport }),
    flags: before.protocol === "tcp" ? (before.tcpFlags ?? ["SYN"]) : [],
    mark: before.mark,
  };
}
