import type { Chain, Ruleset, TableName } from "../../model";
import { testOf } from "../match";
import type { HookState } from "../state/hook-state";
import { type CompiledRule, RuleIndex } from "./rule-index";

/** Chains with fewer rules are evaluated rule by rule. */
const INDEX_FROM = 24;

/** A chain ready for evaluation. Long chains have an index of their rules by destination, port or source. */
export class CompiledChain {
  readonly chain: Chain;
  readonly #rules: (CompiledRule | undefined)[];
  readonly #id: string;
  #index: RuleIndex | undefined;

  constructor(chain: Chain, id: string) {
    this.chain = chain;
    this.#id = id;
    this.#rules = new Array<CompiledRule | undefined>(chain.rules.length);
  }

  get length(): number {
    return this.chain.rules.length;
  }

  /** Returns the rule at a position, starting at 0. */
  at(position: number): CompiledRule | undefined {
    const known = this.#rules[position];
    if (known !== undefined) return known;
    const rule = this.chain.rules[position];
    if (rule === undefined) return undefined;
    const id = `${this.#id} ${position}`;
    const compiled = { rule, id, tests: rule.matches.map((match, at) => testOf(match, `${id} ${at}`)) };
    this.#rules[position] = compiled;
    return compiled;
  }

  /** Whether the index is faster than evaluating each rule. */
  get isLong(): boolean {
    return this.length >= INDEX_FROM;
  }

  /**
   * Returns the positions of rules that may match, in order, beginning at `start`. The other rules do not match because of
   * their destination, port or source.
   */
  candidates(hookState: HookState, start: number): Iterable<number> {
    this.#index ??= new RuleIndex(this);
    return this.#index.candidates(hookState, start);
  }
}

/** The compiled chains of one rule set. Each is compiled when it is used for the first time. */
export class CompiledRuleset {
  readonly ruleset: Ruleset;
  readonly #chains = new Map<TableName, Map<string, CompiledChain | undefined>>();

  constructor(ruleset: Ruleset) {
    this.ruleset = ruleset;
  }

  chain(table: TableName, name: string): CompiledChain | undefined {
    let chains = this.#chains.get(table);
    if (chains === undefined) {
      chains = new Map();
      this.#chains.set(table, chains);
    }
    const known = chains.get(name);
    if (known !== undefined || chains.has(name)) return known;
    const chain = this.ruleset.tables.get(table)?.chains.get(name);
    const id = `${this.ruleset.family} ${this.ruleset.variant ?? ""} ${table} ${name}`;
    const compiled = chain === undefined ? undefined : new CompiledChain(chain, id);
    chains.set(name, compiled);
    return compiled;
  }
}

const compiledRulesets = new WeakMap<Ruleset, CompiledRuleset>();

/** Compiles a rule set, or returns the result of an earlier call. */
export function compile(ruleset: Ruleset): CompiledRuleset {
  const known = compiledRulesets.get(ruleset);
  if (known !== undefined) return known;
  const compiled = new CompiledRuleset(ruleset);
  compiledRulesets.set(ruleset, compiled);
  return compiled;
}
