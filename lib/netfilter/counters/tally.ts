import type { Family, Rule, Ruleset, Table } from "../model";

/**
 * How often each rule and each policy of one family had matched at one moment: what `iptables-save -c` prints before a
 * rule. Rules are known by what they say, not by their number: Docker inserts and deletes rules at any time, and every
 * rule behind them gets another number.
 */
export type Tally = ReadonlyMap<string, number>;

/** The name of every rule of these rule sets, for {@link Tally}. */
export function keysOf(rulesets: readonly Ruleset[]): ReadonlyMap<Rule, string> {
  const keys = new Map<Rule, string>();
  for (const { variant, tables } of rulesets) {
    for (const { name, chains } of tables.values()) {
      for (const { name: chain, rules } of chains.values()) {
        const seen = new Map<string, number>();
        for (const rule of rules) {
          const nth = (seen.get(rule.text) ?? 0) + 1;
          seen.set(rule.text, nth);
          keys.set(rule, ruleKey(variant, name, chain, `${rule.text} #${nth}`));
        }
      }
    }
  }
  return keys;
}

/** The name of a base chain's policy, for {@link Tally}. */
export function policyKey(variant: Ruleset["variant"], table: Table["name"], chain: string): string {
  return ruleKey(variant, table, chain, "policy");
}

function ruleKey(variant: Ruleset["variant"], table: string, chain: string, what: string): string {
  return `${variant ?? ""} ${table} ${chain} ${what}`;
}

/** What the counters of these rule sets say. A rule without counters (a dump without `-c`) is left out. */
export function tallyOf(rulesets: readonly Ruleset[], family: Family): Tally {
  const own = rulesets.filter((ruleset) => ruleset.family === family);
  const tally = new Map<string, number>();
  for (const [rule, key] of keysOf(own)) if (rule.counters) tally.set(key, rule.counters.packets);
  for (const { variant, tables } of own) {
    for (const { name, chains } of tables.values()) {
      for (const chain of chains.values()) {
        if (chain.policy === undefined || chain.counters === undefined) continue;
        tally.set(policyKey(variant, name, chain.name), chain.counters.packets);
      }
    }
  }
  return tally;
}
