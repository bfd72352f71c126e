import type { Outcome, Packet, Probability, Rule, Verdict } from "../../netfilter/model";
import { textWidth } from "../sketch/font-metrics";
import type { Tone } from "../sketch/palette";
import { count, endpoint } from "../sketch/shapes";
import type { ArrivalWitness, KernelReport } from "./options";
import type { Row, UnmatchedLine } from "./row";

/** Returns a rule without `-A CHAIN`, because the picture shows the chain next to it. */
export function ruleText(rule: Rule): string {
  return rule.text.replace(/^-A\s+("[^"]*"|\S+)\s*/, "") || "(every packet, no target)";
}

/** Returns a rule in words, and the reason for the match if it was random or unknown. */
export function sentence(words: string, because: string | undefined): string {
  return because === undefined
    ? words
    : [words.replace(/\.$/, ""), because].filter((part) => part !== "").join(" · ");
}

/** Returns the glyph for the action of a rule. */
export function ruleGlyph(rule: Rule): string {
  switch (rule.action.kind) {
    case "accept":
      return "✓";
    case "drop":
      return "✕";
    case "reject":
      return "⊘";
    case "jump":
    case "goto":
      return "↳";
    case "return":
      return "↩";
    case "opaque":
      return "?";
    case "dnat":
    case "snat":
    case "masquerade":
    case "redirect":
    case "netmap":
    case "tproxy":
      return "●";
    default:
      return "·";
  }
}

export const VERDICTS: Readonly<
  Record<Verdict, { readonly glyph: string; readonly word: string; readonly pill: Tone }>
> = {
  accept: { glyph: "✓", word: "ACCEPT", pill: "goodPill" },
  drop: { glyph: "✕", word: "DROP", pill: "badPill" },
  reject: { glyph: "⊘", word: "REJECT", pill: "badPill" },
  queue: { glyph: "→", word: "QUEUE", pill: "unsurePill" },
  unreachable: { glyph: "✕", word: "UNREACHABLE", pill: "badPill" },
  unknown: { glyph: "?", word: "UNKNOWN", pill: "unsurePill" },
};

/**
 * Returns the content of a fold in one line, like `FORWARD ▸ 3 rules tried, not matched`, without the chain. Names as
 * many of the chains that returned as fit, so that the policy at the end is always visible.
 */
export function unmatchedText(lines: readonly UnmatchedLine[], room: number): string {
  const left = new Set<string>();
  let tried = 0;
  let reason = "";
  let policy: string | undefined;
  for (const line of lines) {
    if (line.kind === "return") left.add(line.chain);
    else if (line.kind === "policy") policy ??= line.policy;
    else if (line.kind === "rule") {
      tried += 1;
      reason = line.unmatched.reason;
    }
  }
  const chains = [...left];
  const plain = `${count(tried, "rule")} tried, not matched`;
  const say = (listed: number, rules: string) =>
    [
      ...(chains.length > 0 ? [returned(chains, listed)] : []),
      ...(tried > 0 ? [rules] : []),
      ...(policy === undefined ? [] : [`policy ${policy}`]),
    ].join("; ");
  const reasoned = tried === 1 ? `1 rule tried: ${reason}` : plain;
  for (const rules of [reasoned, plain]) {
    for (const listed of [3, 2, 1]) {
      const text = say(listed, rules);
      if (textWidth(text, "body") <= room) return text;
    }
  }
  return say(0, plain);
}

function returned(chains: readonly string[], listed: number): string {
  if (listed === 0) return `${count(chains.length, "chain")} returned`;
  const more = chains.length - listed;
  return `${chains.slice(0, listed).join(", ")}${more > 0 ? ` and ${more} more` : ""}: returned`;
}

/** Returns the change of the mark. (Addresses and ports are shown elsewhere, the TTL is not shown.) */
export function markText(before: Packet, after: Packet): string | undefined {
  return before.mark === after.mark ? undefined : `mark 0x${(after.mark >>> 0).toString(16)}`;
}

/** Summarises the comparison of counters in one sentence. Counters are per rule and include other traffic. */
export function countedSentence({ agreed, total, unsure = 0, undecided }: KernelReport): string {
  const why = undecided === true ? ", among them the packet's own, because other traffic is counted too" : "";
  const rest = unsure === 0 ? "" : `; ${unsure} more could not be checked${why}`;
  return `counters before and after: ${agreed} of ${count(total, "rule")} as predicted${rest}`;
}

/** Returns the kind of a packet that a host sent by itself: `TCP RST`, `ICMP 3/3`. */
export function causedWord(packet: Packet): string {
  if (packet.icmp !== undefined) return `ICMP ${packet.icmp.type}/${packet.icmp.code}`;
  const flags = packet.tcpFlags?.filter((flag) => flag !== "ACK").join(" ") ?? "";
  return `${packet.protocol.toUpperCase()}${flags === "" ? "" : ` ${flags}`}`;
}

export function sameEnds(one: Packet, other: Packet): boolean {
  return (
    one.src === other.src && one.dst === other.dst && one.sport === other.sport && one.dport === other.dport
  );
}

export function probabilityText({ numerator, denominator }: Probability): string {
  return numerator === denominator ? "1" : `${numerator}/${denominator}`;
}

/**
 * Formats a probability: as an exact fraction if it is short; else as the simple fraction that it approximates, because
 * the kernel stores probabilities in steps of 2^-31; else with four digits.
 */
export function chanceText(probability: Probability): string {
  const exact = probabilityText(probability);
  if (exact.length <= 7) return `p = ${exact}`;
  const value = Number((probability.numerator * 1_000_000_000_000n) / probability.denominator) / 1e12;
  for (let parts = 2; parts <= 100; parts += 1) {
    const share = Math.round(value * parts);
    if (share > 0 && Math.abs(value - share / parts) < 1e-8) return `p ≈ ${share}/${parts}`;
  }
  return `p ≈ ${value.toPrecision(4)}`;
}

/** Returns the verdict and the end of the traversal, with the evidence. */
export function verdictOf(
  outcome: Outcome,
  arrival: ArrivalWitness | undefined,
): {
  readonly glyph: string;
  readonly word: string;
  readonly pill: Tone;
  /** The tone of an outline instead, if the packet was not simply accepted. */
  readonly hollow?: Tone;
  readonly text: string;
} {
  const verdict = VERDICTS[outcome.verdict];
  const refused = arrival?.refused;
  if (refused !== undefined && outcome.verdict === "accept") {
    const reply = refused.reply === undefined ? "" : `: the kernel replies with ${refused.reply}`;
    const text = `nobody listens${reply}`;
    return { glyph: "○", word: "DELIVERED", pill: verdict.pill, hollow: "good", text };
  }
  const text = endSentence(outcome);
  if (arrival?.confirmed !== false) return { ...verdict, text };
  return { ...verdict, hollow: "unsure", text: `predicted only: ${text}` };
}

/** Describes the end of the traversal in one sentence. */
export function endSentence(outcome: Outcome): string {
  const last = outcome.steps.at(-1);
  const to = endpoint(outcome.packet.dst, outcome.packet.dport);
  const decided = last?.kind === "end" ? outcome.steps.at(-2) : last;
  if (decided?.kind === "rule" && outcome.verdict !== "accept" && decidesAlone(decided.rule)) {
    const did = decided.effect.replace(/^drop\b/, "dropped").replace(/^reject\b/, "rejected");
    return `${did} by rule ${decided.rule.index} of ${decided.table} ${decided.chain}`;
  }
  if (decided?.kind === "policy" && decided.policy === "DROP") {
    return `dropped by the policy of ${decided.table} ${decided.chain}`;
  }
  if (last?.kind === "end") return last.text;
  return last?.kind === "routing" && last.decision === "drop" ? last.text : leaves(outcome, to);
}

/** Returns whether a rule ends the traversal by itself. */
function decidesAlone(rule: Rule): boolean {
  return ["drop", "reject", "queue"].includes(rule.action.kind);
}

function leaves(outcome: Outcome, to: string): string {
  for (const step of [...outcome.steps].reverse()) {
    if (step.kind === "routing") {
      if (step.decision === "local") return `delivered to this host at ${to}`;
      if (step.out !== undefined) return `leaves by ${step.out} for ${to}`;
    }
  }
  return `leaves for ${to}`;
}

/** Returns the packet after a row. */
export function packetAfter(row: Row): Packet {
  return row.kind === "unmatched" || row.kind === "idle" ? row.packet : row.step.after;
}

export function packetBefore(row: Row): Packet {
  return row.kind === "unmatched" || row.kind === "idle" ? row.packet : row.step.before;
}
