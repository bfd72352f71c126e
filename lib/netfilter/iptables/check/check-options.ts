import { protocolName } from "../../model/protocols";
import type { Context } from "../context";
import type { Extension, Options, ParsedOption } from "../extensions/extension";
import { RuleSyntaxError } from "../rule-syntax-error";

const dashed = (names: readonly string[]): string => names.map((name) => `--${name}`).join(", ");

const NOTHING: Options = new Map();

/**
 * Checks the options of an extension together, as iptables does after the last word of a rule (xtables_option_mfcall,
 * and the final_check of each extension).
 *
 * @returns an error if only one of the two implementations refuses the options.
 * @throws RuleSyntaxError if both refuse them.
 */
export function checkOptions(
  extension: Extension,
  options: Map<string, ParsedOption>,
  context: Context,
): RuleSyntaxError | undefined {
  const shown = `${extension.kind === "match" ? "-m" : "-j"} ${extension.name}`;
  const { protocols, oneOf } = extension;
  let legacy: RuleSyntaxError | undefined;
  if (protocols && (context.protocol === undefined || !protocols.includes(context.protocol))) {
    const names = protocols.map(protocolName);
    // x_tables checks the protocol of a match. Native nftables expressions have no such check.
    const negated = context.except !== undefined && protocols.includes(context.except);
    if (!negated || !extension.asNftExpressions?.(options, NOTHING))
      throw new RuleSyntaxError(`${shown} needs a protocol`, names.map((name) => `-p ${name}`).join(" or "));
    legacy = new RuleSyntaxError(
      `${shown} with ! -p ${names.join()}`,
      `-p ${names.join()}`,
      "Only iptables-legacy refuses this.",
      "legacy",
    );
  }
  for (const declaration of extension.options) {
    const given = options.has(declaration.name);
    if (!given && declaration.required)
      throw new RuleSyntaxError(`${shown} needs --${declaration.name}`, dashed([declaration.name]));
    if (!given) continue;
    const clash = declaration.excludes?.find((name) => options.has(name));
    if (clash)
      throw new RuleSyntaxError(
        `--${declaration.name} and --${clash} cannot be used together`,
        "only one of them",
      );
    const lacking = declaration.needs?.find((name) => !options.has(name));
    if (lacking) throw new RuleSyntaxError(`--${declaration.name} needs --${lacking}`, dashed([lacking]));
  }
  if (oneOf && !oneOf.some((name) => options.has(name)))
    throw new RuleSyntaxError(`${shown} needs an option`, `one of ${dashed(oneOf)}`);
  extension.check?.(options, context);
  return legacy;
}
