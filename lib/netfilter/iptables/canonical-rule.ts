import type { SyntaxFamily, Variant } from "./context";
import { DEFAULT_IPTABLES, type IptablesVersion } from "./iptables-version";
import { printSpec } from "./print/print-rule";
import { parseDump } from "./read/parse";
import { contextOf } from "./rule-context";
import { expand } from "./table-state";

/** A rule without a dump around it: where it would stand, and whose checks and spelling count. */
export interface Placed {
  readonly family: SyntaxFamily;
  readonly variant: Variant;
  /** Default: 1.8.9. */
  readonly iptables?: IptablesVersion;
  readonly table: string;
  readonly chain: string;
  readonly rule: string;
}

/** What iptables-save would print for the rule, one line for each that it makes; or why it is refused. */
export function canonicalRule({
  family,
  variant,
  iptables = DEFAULT_IPTABLES,
  table,
  chain,
  rule,
}: Placed): readonly string[] | { refused: string } {
  const dump = parseDump(`*${table}\n-A ${chain} ${rule}\nCOMMIT\n`, { family, variant, iptables });
  const [problem] = dump.problems;
  if (problem) return { refused: `${problem.message}; expected ${problem.expected}` };
  return dump.lines.flatMap((line) =>
    line.kind === "rule"
      ? expand(line.spec).map((spec) => printSpec(spec, variant, contextOf(spec, dump)))
      : [],
  );
}
