import type { Extension, OptionDeclaration } from "../../extensions/extension";

interface Holder {
  readonly extension: Extension;
}

/** An option of an extension, and the use of the extension that it belongs to. */
export interface FoundOption<T> {
  readonly holder: T;
  readonly declaration: OptionDeclaration;
}

/** Commands of the command line. They are no part of a rule, but they make a shortened name ambiguous. */
const COMMANDS: readonly string[] = [
  "append",
  "delete",
  "check",
  "insert",
  "replace",
  "list",
  "list-rules",
  "flush",
  "new-chain",
  "delete-chain",
  "rename-chain",
  "policy",
  "table",
  "version",
  "help",
  "modprobe",
  "zero",
];

const BASE_LONGS: readonly string[] = [
  "source",
  "src",
  "destination",
  "dst",
  "in-interface",
  "out-interface",
  "protocol",
  "fragments",
  "match",
  "jump",
  "goto",
  "set-counters",
  "numeric",
  "verbose",
  "exact",
  "wait",
  "line-numbers",
  "ipv4",
  "ipv6",
];

/** arptables and ebtables have the options before these in an extension. */
const FRAME_LONGS = BASE_LONGS.slice(BASE_LONGS.indexOf("match"));

export const spellings = (declaration: OptionDeclaration): readonly string[] =>
  declaration.aliases ? [declaration.name, ...declaration.aliases] : [declaration.name];

/** Finds a long option as getopt_long does: by its exact name, or by a prefix that no other option has. */
export class OptionLookup<T extends Holder> {
  readonly #holders: T[] = [];
  readonly #longs: readonly string[];

  /** @param isFrame - the rule is one of arptables or ebtables, whose header options belong to an extension. */
  constructor(isFrame: boolean) {
    this.#longs = isFrame ? FRAME_LONGS : BASE_LONGS;
  }

  /** Adds an extension. Its options come before those of the extensions added earlier. */
  add(holder: T): void {
    this.#holders.unshift(holder);
  }

  /** @returns the full name if the option belongs to no extension. */
  find(name: string): FoundOption<T> | string | undefined {
    if (this.#longs.includes(name)) return name;
    for (const holder of this.#holders)
      for (const declaration of holder.extension.options)
        if (spellings(declaration).includes(name)) return { holder, declaration };
    return this.#byPrefix(name);
  }

  #byPrefix(name: string): FoundOption<T> | string | undefined {
    if (name === "") return undefined;
    const found = new Map<OptionDeclaration | string, FoundOption<T> | string>();
    for (const command of COMMANDS) if (command.startsWith(name)) found.set(command, command);
    for (const base of this.#longs) if (base.startsWith(name)) found.set(base, base);
    for (const holder of this.#holders)
      for (const declaration of holder.extension.options)
        if (spellings(declaration).some((each) => each.startsWith(name)) && !found.has(declaration))
          found.set(declaration, { holder, declaration });
    if (found.size !== 1) return undefined;
    const [only] = found.values();
    return typeof only === "string" && COMMANDS.includes(only) ? undefined : only;
  }
}
