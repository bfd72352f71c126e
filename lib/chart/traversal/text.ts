import type { Outcome, Step, Traversal } from "../../netfilter/model";
import { endpoint, headerText } from "../sketch/shapes";
import type { TraversalOptions } from "./options";
import {
  causedWord,
  chanceText,
  countedSentence,
  markText,
  ruleGlyph,
  ruleText,
  sameEnds,
  sentence,
  VERDICTS,
  verdictOf,
} from "./phrases";
import type { NamespaceVisit } from "./row";

/** Maximum number of unmatched rules listed at one point; the others are counted. */
const LISTED = 40;

/** Formats the content of the picture as text: every step, every address, every rule. */
export function traversalText(
  traversal: Traversal,
  outcome: Outcome,
  visits: readonly NamespaceVisit[],
  options: TraversalOptions & { readonly title: string; readonly subtitle: string },
): string {
  const lines = [`${options.title} · ${options.subtitle}`];
  const report = options.observed;
  if (report !== undefined) {
    lines.push(
      `${report.by === "trace" ? "kernel's trace" : "counters"}: ${report.agreed} of ${report.total} agree`,
    );
  }
  if (options.counted !== undefined) lines.push(countedSentence(options.counted));
  lines.push(`packet: ${headerText(traversal.packet)} ${traversal.packet.protocol}`);
  let place = "";
  for (const step of outcome.steps) {
    if (step.place !== place) {
      place = step.place;
      if (visits.length > 1) lines.push(`${place}:`);
    }
    lines.push(...stepLines(step).map((line) => `  ${line}`));
  }
  const verdict = verdictOf(outcome, report?.arrival);
  lines.push(`verdict: ${verdict.word}, ${verdict.text}`);
  if (report?.arrival !== undefined) lines.push(`arrival: ${report.arrival.text}`);
  for (const what of outcome.dependsOn) lines.push(`depends on: ${what}`);
  for (const what of outcome.drawn ?? []) lines.push(`not known: ${what}`);
  for (const caused of outcome.caused ?? []) {
    lines.push(
      `answers: ${causedWord(caused.packet)} ${headerText(caused.packet)}, ${VERDICTS[caused.verdict].word}`,
    );
  }
  if (options.reply !== undefined) {
    const { text, packet } = options.reply;
    lines.push(`reply: ${text}${packet === undefined ? "" : `: ${headerText(packet)}`}`);
  }
  for (const { difference } of [report, options.counted].flatMap((each) => each ?? [])) {
    if (difference === undefined) continue;
    lines.push(`predicted: ${difference.predicted}`, `observed: ${difference.observed}`);
    if (difference.explanation !== undefined) lines.push(`why: ${difference.explanation}`);
  }
  if (traversal.outcomes.length > 1) {
    lines.push(`drawn: 1 of ${traversal.outcomes.length} possible ways, ${chanceText(outcome.probability)}`);
    for (const other of traversal.outcomes) {
      if (other === outcome) continue;
      const name = options.names?.[other.packet.dst];
      lines.push(
        `  ${chanceText(other.probability)}: ${VERDICTS[other.verdict].word} ${endpoint(other.packet.dst, other.packet.dport)}${name === undefined ? "" : ` (${name})`}${other.dependsOn.length === 0 ? "" : `, if ${other.dependsOn.join(" and ")}`}`,
      );
    }
  }
  return lines.join("\n");
}

function stepLines(step: Step): readonly string[] {
  switch (step.kind) {
    case "conntrack":
      return [`${step.hook} conntrack: ${step.text}`];
    case "rule":
    case "return":
    case "policy": {
      const where = `${step.hook} ${step.table} ${step.chain}`;
      const tried = step.unmatched
        .slice(0, LISTED)
        .map((one) => `${where}: ✕ ${ruleText(one.rule)} (${one.reason})`);
      if (step.unmatched.length > LISTED)
        tried.push(`${where}: … ${step.unmatched.length - LISTED} more did not match`);
      return [...tried, `${where}: ${inChain(step)}`];
    }
    case "nat":
      return [`${step.hook} conntrack: ${step.text}: ${headerText(step.after)}`];
    case "routing":
      return [`routing: ${step.text}`];
    case "link":
      return [`link: ${step.from.place} ${step.from.link} → ${step.to.place} ${step.to.link}: ${step.text}`];
    case "end":
      return [`end: ${step.text}`];
  }
}

function inChain(step: Extract<Step, { kind: "rule" | "return" | "policy" }>): string {
  if (step.kind === "policy") return `policy ${step.policy}`;
  if (step.kind === "return") {
    return step.rule === undefined
      ? `↩ returns to ${step.to}`
      : `↩ ${ruleText(step.rule)}, back to ${step.to}`;
  }
  const changed = sameEnds(step.before, step.after) ? "" : headerText(step.after);
  const mark = markText(step.before, step.after);
  return [
    `${ruleGlyph(step.rule)} ${ruleText(step.rule)} — ${sentence(step.words, step.because)}`,
    ...(changed === "" ? [] : [changed]),
    ...(mark === undefined ? [] : [mark]),
  ].join(" → ");
}
