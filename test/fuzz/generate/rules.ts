import fc from "fast-check";
import type { TableName } from "../../../lib/netfilter/model";
import type { CaseRule, RouterCase } from "../case";
import { extension, header, protocol, type Standing } from "./match";
import { type Pool, weighted } from "./pool";
import { target } from "./target";

interface Place extends Standing {
  readonly table: TableName;
  readonly chain: string;
  /** Chains that a rule here may jump to. Only later ones, to avoid loops. */
  readonly chains: readonly string[];
}

const baseChains: Readonly<Record<TableName, readonly string[]>> = {
  raw: ["PREROUTING", "OUTPUT"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  filter: ["INPUT", "FORWARD", "OUTPUT"],
  security: ["INPUT", "FORWARD", "OUTPUT"],
};

// User chains, and the hooks that may reach them. The hooks restrict which rules a chain may contain.
const families: Readonly<Record<TableName, readonly (readonly [name: string, hooks: readonly string[]])[]>> =
  {
    raw: [["UR", ["PREROUTING", "OUTPUT"]]],
    mangle: [
      ["UM", ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]],
      ["UP", ["PREROUTING"]],
    ],
    nat: [
      ["UD", ["PREROUTING", "OUTPUT"]],
      ["US", ["POSTROUTING"]],
    ],
    filter: [["UF", ["INPUT", "FORWARD", "OUTPUT"]]],
    security: [["UX", ["INPUT", "FORWARD", "OUTPUT"]]],
  };

const depth = 3;

function places(table: TableName): Place[] {
  const reaching = (hooks: readonly string[], after: number, family?: string): string[] =>
    families[table].flatMap(([name, allowed]) =>
      hooks.every((hook) => allowed.includes(hook)) && (family === undefined || family === name)
        ? Array.from({ length: depth }, (_, at) => `${name}${at + 1}`).slice(after)
        : [],
    );
  return [
    ...baseChains[table].map((chain) => ({
      table,
      chain,
      hooks: [chain],
      base: true,
      chains: reaching([chain], 0),
    })),
    ...families[table].flatMap(([name, hooks]) =>
      Array.from({ length: depth }, (_, at) => ({
        table,
        chain: `${name}${at + 1}`,
        hooks,
        base: false,
        chains: reaching(hooks, at + 1, name),
      })),
    ),
  ];
}

const allPlaces: Readonly<Record<TableName, readonly Place[]>> = {
  raw: places("raw"),
  mangle: places("mangle"),
  nat: places("nat"),
  filter: places("filter"),
  security: places("security"),
};

// Most rules have only one condition: a rule with many conditions hardly ever matches.
function rule(pool: Pool, place: Place): fc.Arbitrary<CaseRule> {
  const nothing = fc.constant("");
  const noProtocol = fc.constant({ text: "", proto: "" });
  const one = (uid: number): fc.Arbitrary<string[]> =>
    fc.array(extension(pool, place, uid), { minLength: 1, maxLength: 1 });
  const none = fc.constant<string[]>([]);
  const shape = (
    head: fc.Arbitrary<string>,
    proto: fc.Arbitrary<{ text: string; proto: string }>,
    matches: (uid: number) => fc.Arbitrary<string[]>,
  ): fc.Arbitrary<CaseRule> =>
    fc.tuple(head, proto, fc.nat(9)).chain(([headText, { text, proto: name }, uid]) =>
      fc.tuple(matches(uid), target(pool, place, name, place.chains)).map(([list, end]) => ({
        table: place.table,
        chain: place.chain,
        text: `${headText}${text}${list.join(" ")} ${end}`.replace(/\s+/g, " ").trim(),
      })),
    );
  return weighted(
    [5, shape(nothing, noProtocol, one)],
    [3, shape(header(pool, place), noProtocol, () => none)],
    [4, shape(nothing, protocol(pool), () => none)],
    [2, shape(header(pool, place), protocol(pool), one)],
    [1, shape(nothing, protocol(pool), (uid) => fc.array(extension(pool, place, uid), { maxLength: 3 }))],
  );
}

/** Generates jumps into the user chains. Without them, most of their rules would never be evaluated. */
function jumps(table: TableName): fc.Arbitrary<CaseRule[]> {
  const into = families[table].map(([name, hooks]) =>
    fc
      .tuple(fc.subarray([...hooks], { minLength: 1 }), fc.constantFrom("-j", "-j", "-g"), fc.boolean())
      .map(([from, how, deeper]): CaseRule[] => [
        ...from.map((chain) => ({ table, chain, text: `-j ${name}1` })),
        ...(deeper ? [{ table, chain: `${name}1`, text: `${how} ${name}2` }] : []),
      ]),
  );
  return fc.tuple(...into).map((lists) => lists.flat());
}

/** Generates the rules of one router: some tables with a few rules each. */
export function rules(pool: Pool): fc.Arbitrary<Pick<RouterCase, "tables" | "rules" | "drops">> {
  const tables = fc.subarray<TableName>(["raw", "mangle", "nat", "filter", "security"], { minLength: 1 });
  return tables.chain((chosen) =>
    fc.record({
      tables: fc.constant(chosen),
      rules: fc
        .tuple(
          ...chosen.map((table) =>
            fc
              .tuple(
                jumps(table),
                fc.array(
                  fc.constantFrom(...allPlaces[table]).chain((place) => rule(pool, place)),
                  { minLength: 3, maxLength: table === "security" ? 6 : 16 },
                ),
              )
              .map((both) => both.flat())
              .chain((all) => fc.shuffledSubarray(all, { minLength: all.length })),
          ),
        )
        .map((lists) => lists.flat()),
      drops: weighted<readonly (readonly [TableName, string])[]>(
        [6, fc.constant([])],
        [2, fc.constant([["filter", "FORWARD"] as const])],
        [1, fc.constant([["filter", "INPUT"] as const, ["mangle", "OUTPUT"] as const])],
      ),
    }),
  );
}
