import type { Action, Hook, Packet, Rule, Step, TableName, UnmatchedRule } from "../model";
import type { TraceVerdict } from "./read/event";

/** An event that the kernel must report if the predicted path is correct. */
export interface ExpectedEvent {
  readonly kind: "rule" | "policy";
  readonly hook: Hook;
  readonly table: TableName;
  readonly chain: string;
  /** Absent for a policy. */
  readonly rule?: Rule;
  readonly unmatched: readonly UnmatchedRule[];
  /** Undefined if the model does not know what the target does. */
  readonly verdict: TraceVerdict | undefined;
  readonly before: Packet;
  readonly after: Packet;
}

/** One pass of a packet through one namespace, which the kernel traces as one packet. */
export interface ExpectedPass {
  readonly place: string;
  /** The header at the start. */
  readonly packet: Packet;
  readonly events: readonly ExpectedEvent[];
}

type Growing = ExpectedPass & { readonly events: ExpectedEvent[] };

/**
 * Returns the expected trace events of a path, grouped by pass through a namespace.
 *
 * The end of a user-defined chain, conntrack, routing, and NAT without a rule do not cause events. A pass may have none,
 * because no table of the namespace sees the packet.
 */
export function expectedPasses(steps: readonly Step[]): ExpectedPass[] {
  const passes: Growing[] = [];
  let crossed = true;
  const passFor = (step: Step): Growing => {
    const last = passes.at(-1);
    if (last !== undefined && !crossed && last.place === step.place) return last;
    crossed = false;
    const pass = { place: step.place, packet: step.before, events: [] };
    passes.push(pass);
    return pass;
  };
  for (const [at, step] of steps.entries()) {
    switch (step.kind) {
      case "conntrack":
      case "nat":
      case "routing":
        passFor(step);
        break;
      case "rule":
      case "return":
      case "policy":
        add(passFor(step).events, step);
        break;
      case "link":
        // When the packet has crossed a link (or lo), the kernel traces it as a new packet.
        crossed = true;
        break;
      case "end":
        // Only if the packet is dropped directly after the rule. A drop by routing or a bridge happens after NAT.
        if (step.verdict === "drop" && steps[at - 1]?.kind === "rule") dropped(passes.at(-1)?.events);
        break;
    }
  }
  return passes;
}

// If NAT finds no address or no free port, or TPROXY finds no transparent socket (xt_TPROXY.c), the rule's verdict is DROP.
function dropped(events: ExpectedEvent[] | undefined): void {
  const last = events?.at(-1);
  const kind = last?.rule?.action.kind;
  if (events === undefined || last === undefined || kind === undefined || !mayDrop.has(kind)) return;
  if (last.before !== last.after) return;
  events[events.length - 1] = { ...last, verdict: { kind: "DROP" } };
}

const mayDrop: ReadonlySet<Action["kind"]> = new Set([
  "dnat",
  "snat",
  "masquerade",
  "redirect",
  "netmap",
  "tproxy",
]);

function add(events: ExpectedEvent[], step: ChainStep): void {
  const event = expectedEvent(step);
  // A RETURN rule may appear in two steps, the rule and the return. The kernel reports it once.
  const last = events.at(-1);
  const again = step.kind === "return" && last?.rule === step.rule && last?.chain === step.chain;
  if (event !== undefined && !again) events.push(event);
}

type ChainStep = Extract<Step, { kind: "rule" | "return" | "policy" }>;

/** Returns the event of a step in a chain. Undefined for the end of a user-defined chain, which the kernel does not report. */
export function expectedEvent(step: ChainStep): ExpectedEvent | undefined {
  const { hook, table, chain, unmatched, before, after } = step;
  const at = { hook, table, chain, unmatched, before, after };
  if (step.kind === "policy") return { kind: "policy", ...at, verdict: { kind: step.policy } };
  if (step.rule === undefined) return undefined;
  const hotdrop = step.kind === "rule" && step.hotdrop === true;
  const verdict = hotdrop ? ({ kind: "DROP" } as const) : verdictOf(step.rule.action);
  return { kind: "rule", ...at, rule: step.rule, verdict };
}

/** Returns the verdict that nf_tables reports for a rule with this target. */
function verdictOf(action: Action): TraceVerdict | undefined {
  switch (action.kind) {
    case "accept":
    case "dnat":
    case "snat":
    case "masquerade":
    case "redirect":
    case "netmap":
    case "tproxy":
      return { kind: "ACCEPT" };
    case "drop":
    case "reject":
      return { kind: "DROP" };
    case "queue":
      return { kind: "QUEUE" };
    case "return":
      return { kind: "RETURN" };
    case "jump":
      return { kind: "JUMP", chain: action.chain };
    case "goto":
      return { kind: "GOTO", chain: action.chain };
    case "none":
    case "mark":
    case "connmarkSet":
    case "connmarkSave":
    case "connmarkRestore":
    case "notrack":
    case "ct":
    case "tos":
    case "ttl":
    case "note":
    case "set":
      return { kind: "CONTINUE" };
    case "opaque":
      return undefined;
  }
}
