import { protocolName } from "../../model/protocols";
import type { Context } from "../context";
import type { Extension, Options, ParsedOption } from "../extensions/extension";
import { RuleSyntaxError } from "../rule-syntax-error";

const dashed = (names: readonly string[]): string => names.map((name) => `--${name}`).join(", ");

const NOTHING: Options = new Map();

/**
 * The checks that iptables makes when all words of a rule are read (xtables_option_mfcall and each final_check).
 *
 * @returns why one of the two implementations refuses what can be read.
 * @throws RuleSyntaxError where both do.
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
    // The kernel asks a match of x_tables for its protocol, and no expression of nftables.
    const negated = context.except !== undefined && protocols.includes(context.except);
    if (!negated || !extension.expressed?.(options, NOTHING))
      throw new RuleSyntaxError(`${shown} needs a protocol`, names.map((name) => `-p ${name}`).join(" or "));
    legacy = new RuleSyntaxError(
      `${shown} with ! -p ${names.join()}`,
      `-p ${names.join()}`,
      "Only iptables-legacy refuses it.",
      "legacy",
    );
  }
  for (const declaration of extension.options) {
    const given = options.has(declaration.name);
    if (!given && declaration.required)
      throw new RuleSyntaxError(`${shown} lacks --${declaration.name}`, dashed([declaration.name]));
    if (!given) continue;
    const clash = declaration.excludes?.find((name) => options.has(name));
    if (clash)
      throw new RuleSyntaxError(`--${declaration.name} and --${clash} exclude each other`, "one of them");
    const lacking = declaration.needs?.find((name) => !options.has(name));
    if (lacking) throw new RuleSyntaxError(`--${declaration.name} needs --${lacking}`, dashed([lacking]));
  }
  if (oneOf && !oneOf.some((name) => options.has(name)))
    throw new RuleSyntaxError(`${shown} lacks an option`, `one of ${dashed(oneOf)}`);
  extension.check?.(options, context);
  return legacy;
}
