import type { Action } from "../model/action";
import type { TableName } from "../model/hook";
import type { Match } from "../model/match";
import type { Chain, Counters, Rule, Ruleset, Table } from "../model/ruleset";
import type { Context } from "./declare";
import type { Dump, RuleLine } from "./dump";
import { actionOf, contextOf, matchesOf } from "./lower";
import { type ChainState, tableStates } from "./tables";

const TABLES: readonly TableName[] = ["raw", "mangle", "nat", "filter", "security"];

const readCounters = (counters: readonly [string, string]): Counters => ({
  packets: Number(counters[0]),
  bytes: Number(counters[1]),
});

/** A rule of the model that reads its text, conditions and action from the dump when they are first asked for. */
class DumpRule implements Rule {
  private lowered: readonly Match[] | undefined;
  private acted: Action | undefined;

  constructor(
    private readonly dump: Dump,
    private readonly source: RuleLine,
    readonly index: number,
  ) {}

  get text(): string {
    const { text } = this.dump;
    const { start, end, counters } = this.source;
    return text.slice(counters ? text.indexOf("]", start) + 1 : start, end).trim();
  }

  get line(): number {
    return this.source.line;
  }

  get counters(): Counters | undefined {
    const counters = this.source.counters ?? this.source.spec.counters;
    return counters && readCounters(counters);
  }

  private get context(): Context {
    return contextOf(this.source.spec, this.dump.family);
  }

  get matches(): readonly Match[] {
    this.lowered ??= matchesOf(this.source.spec, this.context);
    return this.lowered;
  }

  get action(): Action {
    this.acted ??= actionOf(this.source.spec.jump, this.context);
    return this.acted;
  }
}

/** A chain of the model; its rules are made when they are first asked for. */
class DumpChain implements Chain {
  private made: readonly Rule[] | undefined;
  readonly name: string;
  readonly policy?: "ACCEPT" | "DROP";
  readonly counters?: Counters;

  constructor(
    private readonly dump: Dump,
    private readonly state: ChainState,
  ) {
    this.name = state.name;
    if (state.base) this.policy = state.policy === "DROP" ? "DROP" : "ACCEPT";
    if (state.counters) this.counters = readCounters(state.counters);
  }

  get rules(): readonly Rule[] {
    this.made ??= this.state.rules.map((line, index) => new DumpRule(this.dump, line, index + 1));
    return this.made;
  }
}

/** The tables that a dump leaves in the kernel once its lines are carried out in order. */
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
    problems: dump.problems,
  };
}
