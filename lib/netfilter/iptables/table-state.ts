import { withoutUndefined } from "../../without-undefined";
import { baseChains } from "./base-chains";
import type { SyntaxFamily } from "./context";
import type { ChainLine, Dump, Line, OtherLine, RuleLine } from "./dump";
import type { ParsedBaseOption, RuleSpec } from "./rule-spec";

export interface ChainState {
  name: string;
  readonly base: boolean;
  policy: string;
  counters: readonly [string, string] | undefined;
  /** The rules in order. A line with `-s A,B` is two rules. */
  rules: RuleLine[];
}

/** Splits `-s A,B -d C` into one rule for each pair, in the order in which iptables adds them. */
export function expand(spec: RuleSpec): readonly RuleSpec[] {
  if (spec.skipped) return [];
  const sources = spec.base.source;
  const destinations = spec.base.destination;
  if (!sources?.value.includes(",") && !destinations?.value.includes(",")) return [spec];
  const each = (given: ParsedBaseOption | undefined): readonly (ParsedBaseOption | undefined)[] =>
    given ? given.value.split(",").map((value) => ({ ...given, value })) : [undefined];
  return each(sources).flatMap((source) =>
    each(destinations).map((destination) => {
      const base = { ...spec.base, ...withoutUndefined({ source, destination }) };
      return { ...spec, base };
    }),
  );
}

/** The state of a table after the lines read so far. */
export class TableState {
  readonly chains = new Map<string, ChainState>();
  /** Whether there was any line between `*TABLE` and COMMIT. If not, iptables-nft creates no chains. */
  touched = false;
  /** The chain of the last line, which is usually that of the next one, too. */
  #last: ChainState | undefined;

  constructor(
    readonly name: string,
    family: SyntaxFamily,
  ) {
    for (const chain of baseChains(family, name) ?? [])
      this.chains.set(chain, { name: chain, base: true, policy: "ACCEPT", counters: undefined, rules: [] });
  }

  #chain(name: string): ChainState {
    let found = this.#last?.name === name ? this.#last : this.chains.get(name);
    if (!found) {
      found = { name, base: false, policy: "-", counters: undefined, rules: [] };
      this.chains.set(name, found);
    }
    this.#last = found;
    return found;
  }

  chain(line: ChainLine): void {
    this.touched = true;
    const again = this.chains.has(line.name);
    const chain = this.#chain(line.name);
    if (chain.base && line.policy !== "-") chain.policy = line.policy;
    else if (again && line.command === undefined) chain.rules = [];
    if (line.counters) chain.counters = line.counters;
  }

  rule(line: RuleLine): void {
    this.touched = true;
    const { rules } = this.#chain(line.chain);
    if (line.command === "A" && line.single) {
      rules.push(line);
      return;
    }
    const specs = expand(line.spec);
    const lines = specs.length === 1 ? [line] : specs.map((spec) => ({ ...line, spec }));
    const at = (line.position ?? 1) - 1;
    if (line.command === "A") for (const each of lines) rules.push(each);
    else if (line.command === "I") rules.splice(at, 0, ...lines.reverse());
    else if (line.command === "R") rules.splice(at, 1, ...lines);
    else if (line.command === "D") this.#remove(line, rules);
  }

  /** `-D CHAIN NUMBER`, or `-D CHAIN RULE`, which deletes the first equal rule. */
  #remove(line: RuleLine, rules: RuleLine[]): void {
    const wanted = identity(line.spec);
    const at =
      line.position === undefined
        ? rules.findIndex((each) => identity(each.spec) === wanted)
        : line.position - 1;
    if (at >= 0) rules.splice(at, 1);
  }

  other(line: OtherLine): void {
    this.#last = undefined;
    const named = line.chain === undefined ? undefined : this.chains.get(line.chain);
    if (line.kind === "flush") for (const chain of named ? [named] : this.chains.values()) chain.rules = [];
    else if (line.kind === "delete") {
      for (const chain of named ? [named] : [...this.chains.values()])
        if (!chain.base) this.chains.delete(chain.name);
    } else if (line.kind === "rename" && named && line.to !== undefined) {
      this.chains.delete(named.name);
      named.name = line.to;
      this.chains.set(line.to, named);
    }
  }
}

/** A string that two rules share if `-D` treats them as equal. Counters are not compared. */
function identity(spec: RuleSpec): string {
  return JSON.stringify({ base: spec.base, matches: spec.matches, jump: spec.jump }, (key, value: unknown) =>
    key === "extension" && typeof value === "object" && value !== null && "name" in value
      ? value.name
      : value instanceof Map
        ? [...value]
        : value,
  );
}

/** Lines that may be outside a table. */
const NO_TABLE: ReadonlySet<Line["kind"]> = new Set<Line["kind"]>(["blank", "comment", "commit", "unread"]);

/**
 * Carries out the lines of a dump in order. Returns the resulting tables, in the order in which the dump names them
 * first.
 */
export function tableStates(dump: Dump): ReadonlyMap<string, TableState> {
  const tables = new Map<string, TableState>();
  let current: TableState | undefined;
  const committed = new Set<string>();
  const enter = (name: string): void => {
    // iptables-restore empties a table that appears a second time. TableSections reports that.
    const again = committed.delete(name) ? undefined : tables.get(name);
    current = again ?? new TableState(name, dump.family);
    tables.set(name, current);
  };
  // `iptables -S` prints the rules of the filter table and does not name it.
  if (!dump.lines.some(({ kind }) => kind === "table") && dump.lines.some(({ kind }) => !NO_TABLE.has(kind)))
    enter("filter");
  for (const line of dump.lines) {
    switch (line.kind) {
      case "table":
        enter(line.name);
        break;
      case "commit":
        if (current) committed.add(current.name);
        break;
      case "chain":
        current?.chain(line);
        break;
      case "rule":
        current?.rule(line);
        break;
      case "flush":
      case "delete":
      case "rename":
      case "zero":
        current?.other(line);
        break;
      default:
    }
  }
  return tables;
}
