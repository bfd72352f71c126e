import type { Outcome, Packet, Step, Traversal, Verdict } from "../../model";
import { fractionText, probabilityNumber } from "./json";

/** How a part of the text stands out. The names are those of Node's `util.styleText`. */
type TextStyle = "bold" | "dim" | "cyan" | "red" | "green" | "yellow" | "magenta" | "blue";

export interface TextOptions {
  /** Puts a style on a part of the text. Default: the text stays plain. */
  readonly style?: (style: TextStyle, text: string) => string;
  /** Shows each rule that did not match and the reason, instead of the number of such rules. Default: false. */
  readonly unmatched?: boolean;
}

/** Describes a packet: `tcp 10.0.0.2:40001 → 172.30.0.41:80`. */
export function packetText(packet: Packet): string {
  const end = (address: string, port: number | undefined): string => {
    if (port === undefined) return address;
    return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  };
  const icmp = packet.icmp === undefined ? "" : ` type ${packet.icmp.type}/${packet.icmp.code}`;
  return `${packet.protocol}${icmp} ${end(packet.src, packet.sport)} → ${end(packet.dst, packet.dport)}`;
}

const VERDICT_STYLES: Readonly<Record<Verdict, TextStyle>> = {
  accept: "green",
  drop: "red",
  reject: "red",
  queue: "yellow",
  unreachable: "red",
  unknown: "yellow",
};

/** Formats a traversal for the terminal: hooks, tables, rules that matched, changes to the packet, and the verdict. */
export function traversalToText(traversal: Traversal, options: TextOptions = {}): string {
  const { style: paint = (_style, text) => text } = options;
  const lines: string[] = [paint("bold", packetText(traversal.packet)), ""];
  for (const [at, outcome] of traversal.outcomes.entries()) {
    if (traversal.outcomes.length > 1)
      lines.push(paint("bold", heading(outcome, at, traversal.outcomes.length)));
    for (const text of outcome.drawn ?? []) lines.push(paint("dim", `  ~ ${text}`));
    if (!outcome.certain) for (const text of outcome.dependsOn) lines.push(paint("yellow", `  ? ${text}`));
    lines.push(...stepsText(outcome.steps, options, paint));
    for (const caused of outcome.caused ?? []) {
      lines.push("", `  answered with ${packetText(caused.packet)}`);
      lines.push(...stepsText(caused.steps, options, paint).map((line) => `  ${line}`));
    }
    lines.push("");
  }
  if (traversal.truncated === true)
    lines.push(paint("yellow", "There are more possible paths, which were not followed."), "");
  return lines.join("\n");
}

function heading(outcome: Outcome, at: number, count: number): string {
  const { probability } = outcome;
  const percent = Number((probabilityNumber(probability) * 100).toFixed(2));
  const chance =
    probability.numerator === probability.denominator
      ? ""
      : `, chance ${fractionText(probability)} (${percent}%)`;
  return `Path ${at + 1} of ${count}: ${outcome.verdict}${chance}`;
}

type Paint = (style: TextStyle, text: string) => string;

function stepsText(steps: readonly Step[], options: TextOptions, paint: Paint): string[] {
  const lines: string[] = [];
  let hook = "";
  let table = "";
  let place = "";
  const places = new Set(steps.map((step) => step.place)).size;
  for (const step of steps) {
    if (places > 1 && step.place !== place) {
      place = step.place;
      lines.push(paint("bold", `━━ ${place}`));
      hook = "";
    }
    if ("hook" in step && step.hook !== hook) {
      hook = step.hook;
      table = "";
      lines.push(paint("cyan", `  ${hook}`));
    }
    if (step.kind === "return" && step.rule === undefined && step.unmatched.length === 0) continue;
    if (step.kind === "rule" || step.kind === "return" || step.kind === "policy") {
      const key = `${step.table} ${step.variant ?? ""} ${step.chain}`;
      if (key !== table)
        lines.push(`    ${paint("bold", step.table)}${step.chain === step.hook ? "" : ` ${step.chain}`}`);
      table = key;
      lines.push(...unmatchedText(step, options, paint));
    } else table = "";
    const line = lineOf(step, paint);
    if (line !== undefined) lines.push(line);
    if (step.before !== step.after)
      lines.push(...changes(step.before, step.after).map((text) => paint("magenta", `          ${text}`)));
  }
  return lines;
}

function unmatchedText(
  step: Extract<Step, { kind: "rule" | "return" | "policy" }>,
  options: TextOptions,
  paint: Paint,
): string[] {
  const { unmatched } = step;
  if (unmatched.length === 0) return [];
  if (options.unmatched !== true)
    return [
      paint("dim", `      · ${unmatched.length} ${unmatched.length === 1 ? "rule" : "rules"} did not match`),
    ];
  return unmatched.map(({ rule, reason }) => paint("dim", `      · ${rule.text}   [${reason}]`));
}

function lineOf(step: Step, paint: Paint): string | undefined {
  switch (step.kind) {
    case "rule":
      return `      ✓ ${step.rule.text}   ${paint(effectStyle(step.effect), step.effect)} ${paint("dim", `(line ${step.rule.line})`)}`;
    case "return":
      return step.rule === undefined
        ? undefined
        : `      ↩ ${step.rule.text}   back to ${step.to} ${paint("dim", `(line ${step.rule.line})`)}`;
    case "policy":
      return `      policy ${paint(step.policy === "DROP" ? "red" : "green", step.policy)}`;
    case "conntrack":
      return `    conntrack ${paint("bold", step.state)}: ${step.text}`;
    case "nat":
      return `    nat: ${step.text}`;
    case "routing":
      return `  ${paint("cyan", "routing")} ${step.text}`;
    case "link":
      return `  ${paint("cyan", "link")} ${step.text}`;
    case "end":
      return `  ${paint(VERDICT_STYLES[step.verdict], step.verdict.toUpperCase())} ${step.text}`;
  }
}

function effectStyle(effect: string): TextStyle {
  if (effect === "accept") return "green";
  if (effect === "drop" || effect.startsWith("reject")) return "red";
  return "blue";
}

/** Describes the differences between two headers: `dst 172.30.0.41:80 → 10.0.0.5:8080`. */
function changes(before: Packet, after: Packet): string[] {
  const shown = (packet: Packet, side: "src" | "dst"): string => {
    const port = side === "src" ? packet.sport : packet.dport;
    return port === undefined ? packet[side] : `${packet[side]}:${port}`;
  };
  const texts: string[] = [];
  for (const side of ["src", "dst"] as const) {
    const [from, to] = [shown(before, side), shown(after, side)];
    if (from !== to) texts.push(`${side} ${from} → ${to}`);
  }
  if (before.mark !== after.mark)
    texts.push(`mark 0x${before.mark.toString(16)} → 0x${after.mark.toString(16)}`);
  if (before.ttl !== after.ttl) texts.push(`ttl ${before.ttl} → ${after.ttl}`);
  if (before.tos !== after.tos) texts.push(`tos 0x${before.tos.toString(16)} → 0x${after.tos.toString(16)}`);
  return texts;
}
