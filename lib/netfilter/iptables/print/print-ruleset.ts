import { baseChains } from "../base-chains";
import type { Variant } from "../context";
import type { Dump } from "../dump";
import { DEFAULT_IPTABLES, type IptablesVersion } from "../iptables-version";
import { parseDump } from "../read/parse";
import { contextOf } from "../rule-context";
import { type ChainState, type TableState, tableStates } from "../table-state";
import { printSpec } from "./print-rule";

/** How to print a dump. */
export interface PrintOptions {
  /** Print the counters of the dump. Default: `[0:0]` for chains and none for rules, as after loading. */
  readonly counters?: boolean;
  /** The version of iptables to print as. Default: 1.8.9. */
  readonly iptables?: IptablesVersion;
}

/** The order in which iptables-nft-save prints tables (nft.h, enum nft_table_type). */
const NFT_ORDER = ["mangle", "security", "raw", "filter", "nat"];

/**
 * Prints a dump.
 *
 * `source` returns the text unchanged. `legacy` and `nft` return what the iptables-save of that variant prints after
 * iptables-restore loaded the dump into an empty network namespace, without the comments that have the date. Chains are
 * sorted by name, and tables are in the order of the variant (legacy: the last one loaded first).
 *
 * If `iptables` is another version than the dump was read as, the text is read again as that version.
 *
 * @example
 * import { parseDump, printRuleset } from "wirebook";
 *
 * const rules = parseDump("*filter\n:INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n");
 * console.log(printRuleset(rules, "nft"));
 */
export function printRuleset(
  dump: Dump,
  form: "source" | Variant,
  { counters = false, iptables = DEFAULT_IPTABLES }: PrintOptions = {},
): string {
  if (form === "source") return dump.text;
  const read = dump.iptables === iptables ? dump : readAgain(dump, iptables);
  return ordered(read, form)
    .map((table) => printTable(read, table, form, counters))
    .join("");
}

function readAgain({ text, family, variant }: Dump, iptables: IptablesVersion): Dump {
  return parseDump(text, { family, ...(variant ? { variant } : {}), iptables });
}

function ordered(dump: Dump, variant: Variant): readonly TableState[] {
  const tables = [...tableStates(dump).values()];
  if (variant === "nft")
    return tables
      .filter((table) => table.touched)
      .sort((one, other) => NFT_ORDER.indexOf(one.name) - NFT_ORDER.indexOf(other.name));
  return tables.reverse();
}

/** Both variants sort the user's chains by their bytes. */
const byName = (one: ChainState, other: ChainState): number =>
  one.name === other.name ? 0 : one.name < other.name ? -1 : 1;

function printTable(dump: Dump, table: TableState, variant: Variant, counters: boolean): string {
  const base = baseChains(dump.family, table.name) ?? [];
  const chains = [
    ...base.flatMap((name) => table.chains.get(name) ?? []),
    ...[...table.chains.values()].filter((chain) => !chain.base).sort(byName),
  ];
  const frame = dump.family === "arp" || dump.family === "bridge";
  const lines = [`*${table.name}`];
  for (const { name, policy, counters: counted } of chains) {
    const shown = counters && counted ? `[${counted.join(":")}]` : "[0:0]";
    lines.push(frame ? `:${name} ${policy === "-" ? "ACCEPT" : policy}` : `:${name} ${policy} ${shown}`);
  }
  for (const chain of chains)
    for (const { counters: own, spec } of chain.rules) {
      const counted = counters ? (own ?? spec.counters) : undefined;
      // arptables prints a space after the chain, even if nothing follows.
      const rule = printSpec(spec, variant, contextOf(spec, dump));
      lines.push(
        `${counted ? `[${counted.join(":")}] ` : ""}-A ${chain.name}${rule === "" && dump.family !== "arp" ? "" : ` ${rule}`}`,
      );
    }
  return `${lines.join("\n")}\n${frame ? "" : "COMMIT\n"}`;
}
