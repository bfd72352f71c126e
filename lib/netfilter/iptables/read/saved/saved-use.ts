import { checkOptions } from "../../check/check-options";
import type { Context } from "../../context";
import type { Extension, Options, ParsedOption, Use } from "../../extensions/extension";
import { extensionFor, optionOf } from "../../extensions/registry";
import { RuleSyntaxError } from "../../rule-syntax-error";
import { addOption } from "../add-option";
import { canonicalWords } from "./canonical-words";

/** A use of an extension that was checked once. Its options are read again when they are first needed. */
class LazyUse implements Use {
  readonly #text: string;
  readonly #context: Context;
  #options: Options | undefined;

  constructor(
    readonly extension: Extension,
    text: string,
    context: Context,
  ) {
    this.#text = text;
    this.#context = context;
  }

  get options(): Options {
    this.#options ??=
      readOptions(this.extension, canonicalWords(this.#text) ?? [], this.#context) ?? new Map();
    return this.#options;
  }
}

/**
 * Reads `NAME --option value …`.
 *
 * @returns null if an option is not one of NAME's own, or is not written as iptables-save writes it.
 * @throws RuleSyntaxError if iptables would refuse it.
 */
export function readSavedUse(kind: "match" | "target", text: string, context: Context): Use | null {
  const words = canonicalWords(text);
  const [name] = words ?? [];
  const extension = name && extensionFor(kind, name, context.family);
  if (!words || !extension) return null;
  return readOptions(extension, words, context) && new LazyUse(extension, text, context);
}

function readOptions(extension: Extension, words: readonly string[], context: Context): Options | null {
  const options = new Map<string, ParsedOption>();
  for (let index = 1; index < words.length; ) {
    let word = words[index++] ?? "";
    const inverted = word === "!";
    if (inverted) word = words[index++] ?? "";
    if (!word.startsWith("--")) return null;
    const declaration = optionOf(extension, word.slice(2));
    if (!declaration || (inverted && !declaration.invertible) || declaration.valueIfOmitted !== undefined)
      return null;
    const values: string[] = [];
    for (const value of declaration.values) {
      const given = words[index++];
      if (given === undefined || given === "!") return null;
      values.push(value.read(given, context));
    }
    addOption(options, declaration, { inverted, values }, context);
  }
  return checkOptions(extension, options, context) ? null : options;
}

/** Returns null if `read` throws a RuleSyntaxError. RuleReader reads such a rule again and reports what is wrong. */
export function orNull<T>(read: () => T | null): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof RuleSyntaxError) return null;
    throw error;
  }
}
