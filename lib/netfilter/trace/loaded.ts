import type { Hook } from "../model";

/** Where a rule stands: its chain, and its 1-based position there. */
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
 * What nf_tables holds in one network namespace, as far as trace events speak of it: which rule a handle is, and at
 * which hook a base chain stands.
 */
export class LoadedRules {
  readonly listing: string;
  readonly #rules = new Map<string, RulePosition>();
  readonly #hooks = new Map<string, Hook>();

  /** @param listing - what `nft -a list ruleset` printed; `-t` leaves the contents of sets out and is enough. */
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
      // A rule with a comment or an anonymous set may hold any text: the handle is what the line ends with.
      const handle = / # handle (\d+)$/.exec(line)?.[1];
      if (handle === undefined) continue;
      index += 1;
      this.#rules.set(`${table} ${handle}`, { chain, index });
    }
  }

  /** @returns undefined for a rule that came after the listing was made, or that was deleted before. */
  position(family: string, table: string, handle: number): RulePosition | undefined {
    return this.#rules.get(`${family} ${table} ${handle}`);
  }

  /** @returns undefined for a chain that no hook calls. */
  hook(family: string, table: string, chain: string): Hook | undefined {
    return this.#hooks.get(`${family} ${table} ${chain}`);
  }
}
