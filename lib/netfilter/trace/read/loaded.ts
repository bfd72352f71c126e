import type { Hook } from "../../model";

/** The chain of a rule, and its 1-based position in the chain. */
export interface RulePosition {
  readonly chain: string;
  readonly index: number;
}

const hookNames: Readonly<Record<string, Hook>> = {
  prerouting: "PREROUTING",
  input: "INPUT",
  forward: "FORWARD",
  output: "OUTPUT",
  postrouting: "POSTROUTING",
};

/**
 * The nf_tables rules of one network namespace: maps the handles in trace events to rules, and base chains to hooks.
 */
export class LoadedRules {
  readonly listing: string;
  readonly #rules = new Map<string, RulePosition>();
  readonly #hooks = new Map<string, Hook>();

  /** @param listing - output of `nft -a list ruleset`, or with `-t`, which omits the contents of sets. */
  constructor(listing: string) {
    this.listing = listing;
    let table = "";
    let chain: string | undefined;
    let index = 0;
    for (const line of listing.split("\n")) {
      const head = /^table (\S+) (\S+) \{/.exec(line);
      if (head) {
        table = `${head[1]} ${head[2]}`;
        chain = undefined;
        continue;
      }
      const name = /^\tchain (\S+) \{/.exec(line)?.[1];
      if (name !== undefined) {
        chain = name;
        index = 0;
        continue;
      }
      if (line === "\t}") chain = undefined;
      if (chain === undefined) continue;
      const hook = /^\t\ttype \S+ hook (\S+)/.exec(line)?.[1];
      if (hook !== undefined) {
        const known = hookNames[hook];
        if (known !== undefined) this.#hooks.set(`${table} ${chain}`, known);
        continue;
      }
      // A comment may contain any text, so only a handle at the end of the line counts.
      const handle = / # handle (\d+)$/.exec(line)?.[1];
      if (handle === undefined) continue;
      index += 1;
      this.#rules.set(`${table} ${handle}`, { chain, index });
    }
  }

  /** @returns undefined for a rule that is not in the listing, because it was added later or deleted before. */
  position(family: string, table: string, handle: number): RulePosition | undefined {
    return this.#rules.get(`${family} ${table} ${handle}`);
  }

  /** @returns undefined for a chain that is not a base chain. */
  hook(family: string, table: string, chain: string): Hook | undefined {
    return this.#hooks.get(`${family} ${table} ${chain}`);
  }
}
