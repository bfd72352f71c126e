import type { Extension, OptionDeclaration } from "../extensions/extension";

interface Holder {
  readonly extension: Extension;
}

/** An option of an extension and the use it belongs to. */
export interface Found<T> {
  readonly open: T;
  readonly declaration: OptionDeclaration;
}

/** Commands and settings of the command line: no part of a rule, but they make a shortened name ambiguous. */
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

const FRAME_LONGS = BASE_LONGS.slice(BASE_LONGS.indexOf("match"));

export const spellings = (declaration: OptionDeclaration): readonly string[] =>
  declaration.aliases ? [declaration.name, ...declaration.aliases] : [declaration.name];

/** Finds a long option as getopt_long does: an exact name first, else a prefix that only one option begins with. */
export class Lookup<T extends Holder> {
  private readonly holders: T[] = [];

  /** `frame`: options of the header belong to an extension too, as in arptables and ebtables. */
  constructor(private readonly frame: boolean) {}

  private get longs(): readonly string[] {
    return this.frame ? FRAME_LONGS : BASE_LONGS;
  }

  /** The options of what was loaded last come first. */
  add(holder: T): void {
    this.holders.unshift(holder);
  }

  find(name: string): Found<T> | string | undefined {
    if (this.longs.includes(name)) return name;
    for (const open of this.holders)
      for (const declaration of open.extension.options)
        if (spellings(declaration).includes(name)) return { open, declaration };
    return this.byPrefix(name);
  }

  private byPrefix(name: string): Found<T> | string | undefined {
    if (name === "") return undefined;
    const found = new Map<OptionDeclaration | string, Found<T> | string>();
    for (const command of COMMANDS) if (command.startsWith(name)) found.set(command, command);
    for (const base of this.longs) if (base.startsWith(name)) found.set(base, base);
    for (const open of this.holders)
      for (const declaration of open.extension.options)
        if (spellings(declaration).some((each) => each.startsWith(name)) && !found.has(declaration))
          found.set(declaration, { open, declaration });
    if (found.size !== 1) return undefined;
    const [only] = found.values();
    return typeof only === "string" && COMMANDS.includes(only) ? undefined : only;
  }
}
