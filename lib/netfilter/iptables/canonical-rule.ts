import type { SyntaxFamily, Variant } from "./context";
import { DEFAULT_IPTABLES, type IptablesVersion } from "./iptables-version";
import { printSpec } from "./print/print-rule";
import { parseDump } from "./read/parse";
import { contextOf } from "./rule-context";
import { expand } from "./table-state";

/** A single rule, where it is used, and the iptables that checks and prints it. */
interface PlacedRule {
  readonly family: SyntaxFamily;
  readonly variant: Variant;
  /** Default: 1.8.9. */
  readonly iptables?: IptablesVersion;
  readonly table: string;
  readonly chain: string;
  readonly rule: string;
}

/**
 * Returns what iptables-save prints for a rule: one line for each rule that it stands for. If iptables refuses it,
 * returns why.
 */
export function canonicalRule({
  family,
  variant,
  iptables = DEFAULT_IPTABLES,
  table,
  chain,
  rule,
}: PlacedRule): readonly string[] | { refused: string } {
  const dump = parseDump(`*${table}\n-A ${chain} ${rule}\nCOMMIT\n`, { family, variant, iptables });
  const [problem] = dump.problems;
  if (problem) return { refused: `${problem.message}; expected ${problem.expected}` };
  return dump.lines.flatMap((line) =>
    line.kind === "rule"
      ? expand(line.spec).map((spec) => printSpec(spec, variant, contextOf(spec, dump)))
      : [],
  );
}
