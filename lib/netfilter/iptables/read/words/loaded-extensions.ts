import type { Context } from "../../context";
import type { Extension } from "../../extensions/extension";
import { implicitMatches, matchOfProtocol } from "../../extensions/registry";
import type { Unread } from "../../rule-spec";
import { etherType, LENGTH } from "../../values/ether-type";
import { ExtensionPart } from "./extension-part";
import { type FoundOption, OptionLookup, spellings } from "./option-lookup";

/** The matches and the target that a rule has named so far, and those that iptables loads without `-m`. */
export class LoadedExtensions {
  /** The matches in order, with the parts that could not be read between them. */
  readonly parts: (ExtensionPart | Unread)[] = [];
  /** The word after `-p`. iptables looks for a match with that name. */
  protocol: string | undefined;
  readonly #context: Context;
  readonly #lookup: OptionLookup<ExtensionPart>;
  /** Matches of arptables and ebtables, which need no `-m`. */
  readonly #implicit: readonly Extension[];
  #protocolTried = false;

  constructor(context: Context) {
    const isFrame = context.family === "arp" || context.family === "bridge";
    this.#context = context;
    this.#lookup = new OptionLookup(isFrame);
    this.#implicit = isFrame ? implicitMatches(context.family) : [];
  }

  /** @param first - index of the word that names it. */
  load(extension: Extension, first: number): ExtensionPart {
    const part = new ExtensionPart(extension, first);
    if (extension.kind === "match") this.parts.push(part);
    this.#lookup.add(part);
    return part;
  }

  /**
   * Finds a long option, and loads its extension if that needs no `-m`.
   *
   * @param at - index of the option's word.
   * @returns the full name if the option belongs to no extension.
   */
  findOption(name: string, at: number): FoundOption<ExtensionPart> | string | undefined {
    const found = this.#lookup.find(name);
    if (found !== undefined) return found;
    const extension = this.#implicit.length > 0 ? this.#implicitWith(name) : this.#matchOfProtocol();
    if (!extension) return undefined;
    this.load(extension, at);
    return this.#lookup.find(name);
  }

  /** Finds a short option of arptables or ebtables, which belongs to their implicit match `header`. */
  findFrameOption(letter: string, at: number): FoundOption<ExtensionPart> | undefined {
    for (const extension of this.#implicit) {
      const declaration = extension.options.find((each) => each.letter === letter);
      if (declaration) return { holder: this.#partOf(extension) ?? this.load(extension, at), declaration };
    }
    return undefined;
  }

  /** The context with the EtherType after `-p`, if the rule is one of arptables or ebtables and names one. */
  frameContext(): Context | undefined {
    if (this.#implicit.length === 0) return undefined;
    const header = this.#implicit.find(({ name }) => name === "header");
    const protocol = header && this.#partOf(header)?.options.get("protocol");
    if (!protocol || protocol.inverted) return this.#context;
    const value = protocol.values[0] ?? "";
    return { ...this.#context, protocol: value === "Length" ? LENGTH : (etherType(value) ?? 0) };
  }

  #implicitWith(name: string): Extension | undefined {
    const having = (test: (spelling: string) => boolean): Extension | undefined =>
      this.#implicit.find((extension) => extension.options.some((each) => spellings(each).some(test)));
    return having((each) => each === name) ?? having((each) => each.startsWith(name));
  }

  /** The match that `-p` loads. It is loaded once, and not if `-m` has loaded it. */
  #matchOfProtocol(): Extension | undefined {
    if (this.#protocolTried || this.protocol === undefined) return undefined;
    const extension = matchOfProtocol(this.protocol, this.#context.family);
    if (!extension || this.#partOf(extension)) return undefined;
    this.#protocolTried = true;
    return extension;
  }

  #partOf(extension: Extension): ExtensionPart | undefined {
    return this.parts.find(
      (part): part is ExtensionPart => part instanceof ExtensionPart && part.extension === extension,
    );
  }
}
