import type { Hook, Outcome, Packet, Rule, Step, TableName, UnmatchedRule } from "../../netfilter/model";
import { withoutUndefined } from "../../without-undefined";

/** One line about a rule that did not match, `depth` chains deep. */
export type UnmatchedLine =
  | {
      readonly kind: "rule";
      readonly depth: number;
      readonly chain: string;
      readonly unmatched: UnmatchedRule;
    }
  | {
      readonly kind: "jump";
      readonly depth: number;
      readonly chain: string;
      readonly rule: Rule;
      readonly words: string;
    }
  | { readonly kind: "return"; readonly depth: number; readonly chain: string; readonly rule?: Rule }
  | { readonly kind: "policy"; readonly depth: number; readonly chain: string; readonly policy: string };

type Of<K extends Step["kind"]> = Extract<Step, { readonly kind: K }>;

/** One row of the picture: one event, or all rules that did not match between two events. */
export type Row =
  | { readonly kind: "rule"; readonly step: Of<"rule">; readonly decides: boolean }
  | { readonly kind: "policy"; readonly step: Of<"policy"> }
  | {
      readonly kind: "unmatched";
      readonly hook: Hook;
      readonly table: TableName;
      readonly variant?: "legacy" | "nft";
      readonly packet: Packet;
      readonly lines: readonly UnmatchedLine[];
    }
  | {
      readonly kind: "idle";
      readonly hook: Hook;
      readonly tables: readonly TableName[];
      readonly packet: Packet;
      /** The chain that was evaluated and did not decide; absent if no rule was evaluated. */
      readonly asked?: string;
    }
  | { readonly kind: "conntrack"; readonly step: Of<"conntrack"> }
  | { readonly kind: "nat"; readonly step: Of<"nat"> }
  | { readonly kind: "routing"; readonly step: Of<"routing"> }
  | { readonly kind: "link"; readonly step: Of<"link"> }
  | { readonly kind: "end"; readonly step: Of<"end"> };

/** The events in one namespace, from the arrival (or creation) of the packet until it leaves, is delivered or dropped. */
export interface NamespaceVisit {
  readonly place: string;
  readonly rows: readonly Row[];
  readonly entered?: Of<"link">;
  readonly left?: Of<"link">;
}

/** Splits a traversal by the namespaces it crosses. A traversal of one namespace is one visit. */
export function visitsOf(steps: Outcome["steps"]): readonly NamespaceVisit[] {
  const visits: { place: string; steps: Step[]; entered?: Of<"link">; left?: Of<"link"> }[] = [];
  let current: (typeof visits)[number] | undefined;
  let entered: Of<"link"> | undefined;
  for (const step of steps) {
    if (step.kind === "link" && (step.from.place !== step.to.place || step.from.link === step.to.link)) {
      if (current !== undefined) current.left = step;
      entered = step;
      current = undefined;
      continue;
    }
    if (current === undefined || current.place !== step.place) {
      current = { place: step.place, steps: [], ...(entered ? { entered } : {}) };
      visits.push(current);
      entered = undefined;
    }
    current.steps.push(step);
  }
  return visits.map((visit) => ({ ...visit, rows: rowsOf(visit.steps) }));
}

/** Returns whether a rule decided about the packet or rewrote it; jumps and marks don't. */
function decides(step: Of<"rule">): boolean {
  switch (step.rule.action.kind) {
    case "accept":
    case "drop":
    case "reject":
    case "queue":
    case "dnat":
    case "snat":
    case "masquerade":
    case "redirect":
    case "netmap":
    case "tproxy":
      return true;
    default:
      return false;
  }
}

interface Open {
  readonly chain: string;
  readonly rows: Row[];
  readonly lines: UnmatchedLine[];
  /** The jump that opened this chain. */
  readonly jump?: Of<"rule">;
}

/** Returns the rows of one namespace. Chains that returned without an effect are folded with the unmatched rules. */
function rowsOf(steps: readonly Step[]): readonly Row[] {
  const rows: Row[] = [];
  let at = 0;
  while (at < steps.length) {
    const step = steps[at];
    if (step === undefined) break;
    if (step.kind === "rule" || step.kind === "return" || step.kind === "policy") {
      const end = endOfTable(steps, at, step.hook, step.table);
      rows.push(...tableRows(steps.slice(at, end).filter(isInChain)));
      at = end;
      continue;
    }
    // The row of the rule or policy already shows this end.
    if (step.kind !== "end" || !endedBy(rows.at(-1))) rows.push(rowOf(step));
    at += 1;
  }
  return joinIdle(rows);
}

function endedBy(row: Row | undefined): boolean {
  if (row?.kind === "policy") return row.step.policy === "DROP";
  return row?.kind === "rule" && ["drop", "reject", "queue"].includes(row.step.rule.action.kind);
}

type InTable = Of<"rule"> | Of<"return"> | Of<"policy">;

function isInChain(step: Step): step is InTable {
  return step.kind === "rule" || step.kind === "return" || step.kind === "policy";
}

function endOfTable(steps: readonly Step[], from: number, hook: Hook, table: TableName): number {
  let end = from;
  for (; end < steps.length; end += 1) {
    const step = steps[end];
    if (step === undefined || !isInChain(step) || step.hook !== hook || step.table !== table) break;
    if (end > from && steps[end - 1]?.kind === "policy") break;
  }
  return end;
}

function rowOf(step: Exclude<Step, InTable>): Row {
  switch (step.kind) {
    case "conntrack":
      return { kind: "conntrack", step };
    case "nat":
      return { kind: "nat", step };
    case "routing":
      return { kind: "routing", step };
    case "link":
      return { kind: "link", step };
    case "end":
      return { kind: "end", step };
  }
}

function tableRows(steps: readonly InTable[]): readonly Row[] {
  const first = steps[0];
  if (first === undefined) return [];
  const open: Open[] = [{ chain: first.chain, rows: [], lines: [] }];
  const top = () => open[open.length - 1] ?? { chain: "", rows: [], lines: [] };
  const flush = (frame: Open, packet: Packet) => {
    if (frame.lines.every((line) => line.kind === "return" && line.rule === undefined)) {
      frame.lines.length = 0;
      return;
    }
    const { hook, table, variant } = first;
    frame.rows.push({
      kind: "unmatched",
      hook,
      table,
      packet,
      lines: [...frame.lines],
      ...(variant ? { variant } : {}),
    });
    frame.lines.length = 0;
  };
  for (const step of steps) {
    for (const unmatched of step.unmatched) {
      top().lines.push({ kind: "rule", depth: open.length - 1, chain: step.chain, unmatched });
    }
    if (step.kind === "rule") {
      const action = step.rule.action.kind;
      if (
        (action === "jump" || action === "goto") &&
        step.because === undefined &&
        step.before === step.after
      ) {
        open.push({ chain: jumpTarget(step), rows: [], lines: [], jump: step });
        continue;
      }
      for (const frame of open) reveal(frame, open, flush, step.before);
      top().rows.push({ kind: "rule", step, decides: decides(step) });
      if (action === "jump" || action === "goto") open.push({ chain: jumpTarget(step), rows: [], lines: [] });
    } else if (step.kind === "return") {
      const frame = open.length > 1 ? open.pop() : undefined;
      const parent = top();
      const depth = open.length - 1;
      if (frame === undefined) {
        parent.lines.push({
          kind: "return",
          depth,
          chain: step.chain,
          ...withoutUndefined({ rule: step.rule }),
        });
      } else if (frame.jump !== undefined && frame.rows.length === 0) {
        const { rule, words } = frame.jump;
        parent.lines.push({ kind: "jump", depth, chain: frame.jump.chain, rule, words }, ...frame.lines, {
          kind: "return",
          depth: depth + 1,
          chain: step.chain,
          ...withoutUndefined({ rule: step.rule }),
        });
      } else {
        flush(frame, step.before);
        parent.rows.push(...frame.rows);
        parent.lines.push({
          kind: "return",
          depth: depth + 1,
          chain: step.chain,
          ...withoutUndefined({ rule: step.rule }),
        });
      }
    } else if (step.policy === "ACCEPT" && step.before === step.after) {
      top().lines.push({ kind: "policy", depth: open.length - 1, chain: step.chain, policy: step.policy });
    } else {
      for (const frame of open) reveal(frame, open, flush, step.before);
      top().rows.push({ kind: "policy", step });
    }
  }
  const packet = steps[steps.length - 1]?.after ?? first.after;
  while (open.length > 1) {
    const frame = open.pop();
    if (frame === undefined) break;
    flush(frame, packet);
    top().rows.push(...frame.rows);
  }
  flush(top(), packet);
  return top().rows;
}

/** Adds rows for the jumps to the innermost chain, each after the unmatched rules of its chain. */
function reveal(
  frame: Open,
  open: Open[],
  flush: (frame: Open, packet: Packet) => void,
  packet: Packet,
): void {
  const index = open.indexOf(frame);
  flush(frame, packet);
  const next = open[index + 1];
  if (next?.jump === undefined) return;
  frame.rows.push({ kind: "rule", step: next.jump, decides: false });
  open[index + 1] = { chain: next.chain, rows: next.rows, lines: next.lines };
}

function jumpTarget(step: Of<"rule">): string {
  const action = step.rule.action;
  return action.kind === "jump" || action.kind === "goto" ? action.chain : step.chain;
}

/**
 * Joins the tables of one hook that evaluated no rule and accepted the packet into one row. A table whose rules did not
 * decide keeps its own row.
 */
function joinIdle(rows: readonly Row[]): readonly Row[] {
  const out: Row[] = [];
  for (const row of rows) {
    const idle = row.kind === "unmatched" && row.lines.every((line) => line.kind === "policy");
    if (!idle) {
      out.push(row);
      continue;
    }
    const last = out.at(-1);
    if (last?.kind === "rule" && last.step.hook === row.hook && last.step.table === row.table) {
      const asked = row.lines.at(-1)?.chain ?? last.step.chain;
      out.push({ kind: "idle", hook: row.hook, tables: [row.table], packet: row.packet, asked });
    } else if (last?.kind === "idle" && last.hook === row.hook && last.asked === undefined) {
      out[out.length - 1] = { ...last, tables: [...last.tables, row.table] };
    } else {
      out.push({ kind: "idle", hook: row.hook, tables: [row.table], packet: row.packet });
    }
  }
  return out;
}
