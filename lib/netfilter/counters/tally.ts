import type { Family, Rule, Ruleset, Table } from "../model";

/**
 * The packet counters of all rules and policies of one family, as printed by `iptables-save -c`. The keys contain the text
 * of a rule instead of its number, because the number changes when Docker inserts or deletes another rule.
 */
export type Tally = ReadonlyMap<string, number>;

/** Returns the key of each rule in a {@link Tally}. */
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

/** Returns the key of the policy of a base chain in a {@link Tally}. */
export function policyKey(variant: Ruleset["variant"], table: Table["name"], chain: string): string {
  return ruleKey(variant, table, chain, "policy");
}

function ruleKey(variant: Ruleset["variant"], table: string, chain: string, what: string): string {
  return `${variant ?? ""} ${table} ${chain} ${what}`;
}

/** Reads the counters of rule sets. Leaves out rules without counters (a dump without `-c`). */
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
