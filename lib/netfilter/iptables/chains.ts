import type { Action } from "../model/action";
import type { TableName } from "../model/hook";
import type { Match } from "../model/match";
import type { Chain, Counters, Rule, Ruleset, Table } from "../model/ruleset";
import type { Context } from "./declare";
import type { Dump, RuleLine } from "./dump";
import { actionOf, contextOf, matchesOf } from "./lower";
import type { Spec } from "./spec";
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
    private readonly spec: Spec,
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
    const counters = this.source.counters ?? this.spec.counters;
    return counters && readCounters(counters);
  }

  private get context(): Context {
    return contextOf(this.spec, this.dump.family);
  }

  get matches(): readonly Match[] {
    this.lowered ??= matchesOf(this.spec, this.context);
    return this.lowered;
  }

  get action(): Action {
    this.acted ??= actionOf(this.spec.jump, this.context);
    return this.acted;
  }
}

function toChain(dump: Dump, { name, base, policy, counters, entries }: ChainState): Chain {
  return {
    name,
    ...(base ? { policy: policy === "DROP" ? "DROP" : "ACCEPT" } : {}),
    ...(counters ? { counters: readCounters(counters) } : {}),
    rules: entries.map(({ line, spec }, index) => new DumpRule(dump, line, spec, index + 1)),
  };
}

/** The tables that a dump leaves in the kernel once its lines are carried out in order. */
export function toRuleset(dump: Dump): Ruleset {
  const tables = new Map<TableName, Table>();
  for (const state of tableStates(dump).values()) {
    const name = TABLES.find((each) => each === state.name);
    if (name === undefined) continue;
    const chains = new Map([...state.chains.values()].map((chain) => [chain.name, toChain(dump, chain)]));
    tables.set(name, { name, chains });
  }
  return {
    family: dump.family === "ipv6" ? "ipv6" : "ipv4",
    ...(dump.variant ? { variant: dump.variant } : {}),
    tables,
    problems: dump.problems,
  };
}
