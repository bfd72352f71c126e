import type { Action } from "../../model/action";
import type { TableName } from "../../model/hook";
import type { Match } from "../../model/match";
import type { Chain, Counters, Rule, Ruleset, Table } from "../../model/ruleset";
import type { Context } from "../context";
import type { Dump, RuleLine } from "../dump";
import { tellsOfLegacy, unprintedTable } from "../read/other-text";
import { contextOf } from "../rule-context";
import { type ChainState, tableStates } from "../table-state";
import { actionOf, matchesOf } from "./rule-meaning";

const TABLES: readonly TableName[] = ["raw", "mangle", "nat", "filter", "security"];

const readCounters = (counters: readonly [string, string]): Counters => ({
  packets: Number(counters[0]),
  bytes: Number(counters[1]),
});

/** A rule of the model. Its text, conditions and action are computed when they are first read. */
class DumpRule implements Rule {
  readonly #dump: Dump;
  readonly #source: RuleLine;
  #matches: readonly Match[] | undefined;
  #action: Action | undefined;

  constructor(
    dump: Dump,
    source: RuleLine,
    readonly index: number,
  ) {
    this.#dump = dump;
    this.#source = source;
  }

  get text(): string {
    const { text } = this.#dump;
    const { start, end, counters } = this.#source;
    return text.slice(counters ? text.indexOf("]", start) + 1 : start, end).trim();
  }

  get line(): number {
    return this.#source.line;
  }

  get counters(): Counters | undefined {
    const counters = this.#source.counters ?? this.#source.spec.counters;
    return counters && readCounters(counters);
  }

  private get context(): Context {
    return contextOf(this.#source.spec, this.#dump);
  }

  get matches(): readonly Match[] {
    this.#matches ??= matchesOf(this.#source.spec, this.context);
    return this.#matches;
  }

  get action(): Action {
    this.#action ??= actionOf(this.#source.spec.jump, this.context);
    return this.#action;
  }

  /** Returns a plain object, because JSON and deep copies ignore getters. */
  toJSON(): Rule {
    const { text, line, index, counters, matches, action } = this;
    return { text, line, index, ...(counters ? { counters } : {}), matches, action };
  }
}

/** A chain of the model. Its rules are created when they are first read. */
class DumpChain implements Chain {
  readonly #dump: Dump;
  readonly #state: ChainState;
  #rules: readonly Rule[] | undefined;

  constructor(dump: Dump, state: ChainState) {
    this.#dump = dump;
    this.#state = state;
  }

  get name(): string {
    return this.#state.name;
  }

  get policy(): "ACCEPT" | "DROP" | undefined {
    if (!this.#state.base) return undefined;
    return this.#state.policy === "DROP" ? "DROP" : "ACCEPT";
  }

  get counters(): Counters | undefined {
    return this.#state.counters && readCounters(this.#state.counters);
  }

  get rules(): readonly Rule[] {
    this.#rules ??= this.#state.rules.map((line, index) => new DumpRule(this.#dump, line, index + 1));
    return this.#rules;
  }

  toJSON(): Chain {
    const { name, policy, counters, rules } = this;
    return { name, ...(policy ? { policy } : {}), ...(counters ? { counters } : {}), rules };
  }
}

/** Converts a dump to the rule set that the kernel has after its lines were carried out. */
export function toRuleset(dump: Dump): Ruleset {
  const tables = new Map<TableName, Table>();
  for (const state of tableStates(dump).values()) {
    const name = TABLES.find((each) => each === state.name);
    if (name === undefined) continue;
    const chains = new Map<string, Chain>();
    for (const chain of state.chains.values()) chains.set(chain.name, new DumpChain(dump, chain));
    tables.set(name, { name, chains });
  }
  return {
    family: dump.family === "ipv6" ? "ipv6" : "ipv4",
    ...(dump.variant ? { variant: dump.variant } : {}),
    tables,
    ...toldOf(dump),
    problems: dump.problems,
  };
}

/** What the dump itself says is not in it. */
function toldOf({ problems, lines, text }: Dump): Pick<Ruleset, "unprinted" | "legacyLoaded"> {
  const unprinted = problems.flatMap(({ code, line }) => {
    const at = code === "TABLE_UNPRINTED" ? lines.find((each) => each.line === line) : undefined;
    return at === undefined ? [] : (unprintedTable(text.slice(at.start, at.end)) ?? []);
  });
  return {
    ...(unprinted.length === 0 ? {} : { unprinted }),
    ...(tellsOfLegacy(text) ? { legacyLoaded: true } : {}),
  };
}
