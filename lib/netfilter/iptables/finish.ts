import { protocolName } from "../model/protocols";
import { type Context, type Extension, type Given, Refusal } from "./declare";

const dashed = (names: readonly string[]): string => names.map((name) => `--${name}`).join(", ");

/** The checks that iptables makes when all words of a rule are read (xtables_option_mfcall and each final_check). */
export function finish(extension: Extension, options: Map<string, Given>, context: Context): void {
  const shown = `${extension.kind === "match" ? "-m" : "-j"} ${extension.name}`;
  const { protocols, oneOf } = extension;
  if (protocols && (context.protocol === undefined || !protocols.includes(context.protocol))) {
    const names = protocols.map(protocolName);
    throw new Refusal(`${shown} needs a protocol`, names.map((name) => `-p ${name}`).join(" or "));
  }
  for (const declaration of extension.options) {
    const given = options.has(declaration.name);
    if (!given && declaration.required)
      throw new Refusal(`${shown} lacks --${declaration.name}`, dashed([declaration.name]));
    if (!given) continue;
    const clash = declaration.excludes?.find((name) => options.has(name));
    if (clash) throw new Refusal(`--${declaration.name} and --${clash} exclude each other`, "one of them");
    const lacking = declaration.needs?.find((name) => !options.has(name));
    if (lacking) throw new Refusal(`--${declaration.name} needs --${lacking}`, dashed([lacking]));
  }
  if (oneOf && !oneOf.some((name) => options.has(name)))
    throw new Refusal(`${shown} lacks an option`, `one of ${dashed(oneOf)}`);
  extension.check?.(options, context);
}
