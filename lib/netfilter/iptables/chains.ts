import type { Action } from "../model/action";
import type { TableName } from "../model/hook";
import type { Match } from "../model/match";
import type { Chain, Counters, Rule, Ruleset, Table } from "../model/ruleset";
import type { Context } from "./declare";
import type { ChainLine, Dump, RuleLine } from "./dump";
import { actionOf, contextOf, matchesOf } from "./lower";
import type { Spec } from "./spec";

const BASE_CHAINS: Readonly<Record<TableName, readonly string[]>> = {
  raw: ["PREROUTING", "OUTPUT"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  filter: ["INPUT", "FORWARD", "OUTPUT"],
  security: ["INPUT", "FORWARD", "OUTPUT"],
};

const isTable = (name: string): name is TableName => name in BASE_CHAINS;

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

interface Entry {
  readonly line: RuleLine;
  readonly spec: Spec;
}

interface Building {
  readonly name: string;
  policy?: "ACCEPT" | "DROP";
  counters?: Counters;
  entries: Entry[];
}

/** `-s A,B -d C` is one rule for each pair, in the order iptables adds them. */
export function expand(spec: Spec): readonly Spec[] {
  const sources = spec.base.get("source");
  const destinations = spec.base.get("destination");
  if (!sources?.value.includes(",") && !destinations?.value.includes(",")) return [spec];
  const each = (given: typeof sources) =>
    given?.value.split(",").map((value) => ({ ...given, value })) ?? [undefined];
  return each(sources).flatMap((source) =>
    each(destinations).map((destination) => {
      const base = new Map(spec.base);
      if (source) base.set("source", source);
      if (destination) base.set("destination", destination);
      return { ...spec, base };
    }),
  );
}

class TableBuilder {
  readonly chains = new Map<string, Building>();

  constructor(name: TableName) {
    for (const chain of BASE_CHAINS[name])
      this.chains.set(chain, { name: chain, policy: "ACCEPT", entries: [] });
  }

  chain(line: ChainLine): void {
    const found = this.chains.get(line.name) ?? { name: line.name, entries: [] };
    if (line.policy === "ACCEPT" || line.policy === "DROP") found.policy = line.policy;
    if (line.counters) found.counters = readCounters(line.counters);
    this.chains.set(line.name, found);
  }

  private entriesOf(name: string): Entry[] {
    const found = this.chains.get(name) ?? { name, entries: [] };
    this.chains.set(name, found);
    return found.entries;
  }

  rule(line: RuleLine): void {
    const entries = this.entriesOf(line.chain);
    const at = (line.position ?? 1) - 1;
    const added = expand(line.spec).map((spec) => ({ line, spec }));
    if (line.command === "A") for (const entry of added) entries.push(entry);
    else if (line.command === "I") entries.splice(at, 0, ...added);
    else if (line.command === "R") entries.splice(at, 1, ...added);
    else if (line.command === "D" && line.position !== undefined) entries.splice(at, 1);
  }

  build(dump: Dump): Map<string, Chain> {
    const chains = new Map<string, Chain>();
    for (const { name, policy, counters, entries } of this.chains.values()) {
      const rules = entries.map(({ line, spec }, index) => new DumpRule(dump, line, spec, index + 1));
      chains.set(name, { name, ...(policy ? { policy } : {}), ...(counters ? { counters } : {}), rules });
    }
    return chains;
  }
}

/** The tables that a dump leaves in the kernel once its lines are carried out in order. */
export function toRuleset(dump: Dump): Ruleset {
  const builders = new Map<TableName, TableBuilder>();
  let current: TableBuilder | undefined;
  const enter = (name: string): void => {
    current = undefined;
    if (!isTable(name)) return;
    current = builders.get(name) ?? new TableBuilder(name);
    builders.set(name, current);
  };
  if (!dump.lines.some((line) => line.kind === "table")) enter("filter");
  for (const line of dump.lines) {
    if (line.kind === "table") enter(line.name);
    else if (line.kind === "chain") current?.chain(line);
    else if (line.kind === "rule") current?.rule(line);
    else if (line.kind === "flush" && current)
      for (const chain of current.chains.values())
        if (line.chain === undefined || line.chain === chain.name) chain.entries = [];
  }
  const tables = new Map<TableName, Table>();
  for (const [name, builder] of builders) tables.set(name, { name, chains: builder.build(dump) });
  return {
    family: dump.family === "ipv6" ? "ipv6" : "ipv4",
    ...(dump.variant ? { variant: dump.variant } : {}),
    tables,
    problems: dump.problems,
  };
}
