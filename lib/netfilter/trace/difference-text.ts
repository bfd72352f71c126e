import type { Packet } from "../model";
import type { ExpectedEvent, ExpectedPass } from "./expect";
import { type ChainEvent, type TraceHeader, verdictText } from "./read/event";
import type { LoadedRules } from "./read/loaded";

/** If the model evaluated the rule that matched in the kernel: the reason why it did not match in the model. */
export function whyNot(expected: ExpectedEvent, event: ChainEvent, loaded: LoadedRules | undefined): string {
  if (event.kind !== "rule" || event.table !== expected.table || event.chain !== expected.chain) return "";
  const position = positionOf(event, loaded);
  const unmatched = expected.unmatched.find(({ rule }) =>
    position === undefined ? sameText(event.text, rule.text) : rule.index === position,
  );
  return unmatched === undefined ? "" : `, which did not match in the prediction because ${unmatched.reason}`;
}

export function positionOf(event: ChainEvent, loaded: LoadedRules | undefined): number | undefined {
  if (event.kind !== "rule" || event.handle === undefined) return undefined;
  const position = loaded?.position(event.family, event.table, event.handle);
  return position?.chain === event.chain ? position.index : undefined;
}

/** Compares rules as text. xtables-monitor omits the /32 of `--ctorigdst`, which iptables-save may print. */
export function sameText(a: string, b: string): boolean {
  const normalized = (text: string): string =>
    text
      .replace(/\/(32|128)\b/g, "")
      .replace(/\s+/g, " ")
      .trim();
  return normalized(a) === normalized(b);
}

// The kernel reports the header with the first event of a chain, after the target of that rule ran. A mark or TTL is
// therefore the new one, but NAT rewrites the packet only after the chain (nf_nat_inet_fn).
export function headerDifference(header: TraceHeader, { before, after }: ExpectedEvent): string | undefined {
  const pairs: readonly (readonly [string, string | number | undefined, string | number | undefined])[] = [
    ["the source address", header.src, before.src],
    ["the destination address", header.dst, before.dst],
    ["the source port", header.sport, before.sport],
    ["the destination port", header.dport, before.dport],
    ["the TTL", header.ttl, after.ttl],
    ["the mark", header.mark, after.mark],
  ];
  for (const [name, observed, expected] of pairs) {
    if (observed === undefined || expected === undefined || observed === expected) continue;
    return `${name} was predicted as ${expected}, but is ${observed}`;
  }
  return undefined;
}

export function expectedText({ kind, table, chain, rule, verdict }: ExpectedEvent): string {
  if (kind === "policy" || rule === undefined) {
    return `${table} ${chain} policy${verdict === undefined ? "" : ` ${verdictText(verdict)}`}`;
  }
  return `${table} ${chain} rule ${rule.index} (${rule.text})`;
}

export function observedText(event: ChainEvent, loaded: LoadedRules | undefined): string {
  const at = `${event.table} ${event.chain}`;
  if (event.kind !== "rule") return `${at} ${event.kind} ${verdictText(event.verdict)}`;
  const position = positionOf(event, loaded);
  return `${at} rule${position === undefined ? "" : ` ${position}`} (${event.text}) ${verdictText(event.verdict)}`;
}

export function passText(pass: ExpectedPass): string {
  const first = pass.events[0];
  return first === undefined ? "nothing" : `${expectedText(first)} first`;
}

export function lastText(pass: ExpectedPass): string {
  const last = pass.events.at(-1);
  return last === undefined ? "immediately" : `with ${expectedText(last)}`;
}

export function flowText({ src, dst, protocol, sport, dport }: Packet): string {
  const end = (address: string, port: number | undefined): string =>
    port === undefined ? address : `${address}:${port}`;
  return `${protocol} ${end(src, sport)} → ${end(dst, dport)}`;
}
