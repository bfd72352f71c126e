import type { Context } from "../context";
import type { OptionDeclaration, ParsedOption } from "../extensions/extension";
import { RuleSyntaxError } from "../rule-syntax-error";

/**
 * Adds an option to the options of its extension. Stores a shorthand under the option that it stands for (`--syn` as
 * `tcp-flags`).
 *
 * @throws RuleSyntaxError if the option was given before and iptables allows it only once.
 */
export function addOption(
  options: Map<string, ParsedOption>,
  declaration: OptionDeclaration,
  parsed: ParsedOption,
  context: Context,
): void {
  const shown = `--${declaration.name}`;
  const key = declaration.storedUnder?.(options) ?? declaration.name;
  if (options.has(key) && !declaration.repeatable)
    throw new RuleSyntaxError(`${shown} is given twice`, `${shown} once`);
  const [name, kept] = declaration.storedAs?.(parsed, context, options) ?? [key, parsed];
  if (name !== key && options.has(name) && !declaration.repeatable)
    throw new RuleSyntaxError(`${shown} repeats what --${name} already says`, "only one of them");
  options.set(name, kept);
}
