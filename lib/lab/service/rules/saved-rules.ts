import { JUMPS } from "./jump";
import type { ProxyRules } from "./rules";

/** The differences between a node's tables and kube-proxy's rules. */
export interface RuleDifference {
  readonly missing: readonly string[];
  /** Rules in kube-proxy's chains that it did not write. */
  readonly strange: readonly string[];
  /** Rules outside kube-proxy's chains that drop or reject, and chains with policy DROP. */
  readonly stoppers: readonly string[];
}

/** One rule as `iptables-save -c` prints it. */
export interface SavedRule {
  readonly table: string;
  readonly chain: string;
  /** Without `-A CHAIN`. */
  readonly rule: string;
  readonly packets: number;
}

/** Parses the rules in the output of `iptables-save -c`, in order. */
export function savedRules(text: string): readonly SavedRule[] {
  const rules: SavedRule[] = [];
  let table = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("*")) table = line.slice(1);
    const [, packets, chain, rule] = /^(?:\[(\d+):\d+\] )?-A (\S+) (.*)$/.exec(line) ?? [];
    if (chain !== undefined && rule !== undefined)
      rules.push({ table, chain, rule, packets: Number(packets ?? 0) });
  }
  return rules;
}

/**
 * Returns a rule as `iptables-save` prints it. The kernel stores a probability as a 31-bit number, which iptables prints
 * with 11 digits (libxt_statistic.c).
 */
export function asSaved(rule: string): string {
  return rule.replace(/(?<=--probability )[\d.]+/, (p) =>
    (Math.round(Number(p) * 2 ** 31) / 2 ** 31).toFixed(11),
  );
}

/** Compares the output of `iptables-save -c` on a node with kube-proxy's rules. */
export function compareRules(wanted: ProxyRules, text: string): RuleDifference {
  const there = savedRules(text);
  const missing: string[] = [];
  const strange: string[] = [];
  for (const table of ["filter", "nat"] as const) {
    for (const [chain, body] of wanted[table]) {
      const found = there.filter((one) => one.table === table && one.chain === chain).map((one) => one.rule);
      const expected = body.map(asSaved);
      missing.push(...expected.filter((rule) => !found.includes(rule)).map((rule) => `-A ${chain} ${rule}`));
      strange.push(...found.filter((rule) => !expected.includes(rule)).map((rule) => `-A ${chain} ${rule}`));
    }
  }
  for (const jump of JUMPS) {
    const same = (one: SavedRule): boolean =>
      one.table === jump.table && one.chain === jump.from && one.rule === jump.rule;
    if (!there.some(same)) missing.push(`-A ${jump.from} ${jump.rule}`);
  }
  const stoppers = there
    .filter(({ chain, rule }) => !chain.startsWith("KUBE-") && /-j (DROP|REJECT)\b/.test(rule))
    .map(({ chain, rule, packets }) => `-A ${chain} ${rule} (${packets} packets)`);
  const policies = [...text.matchAll(/^:(\S+) DROP/gm)].map((match) => `the policy of ${match[1]} is DROP`);
  return { missing, strange, stoppers: [...stoppers, ...policies] };
}
