import type { Context, Variant } from "../context";
import type { OptionDeclaration, ParsedOption, Use } from "../extensions/extension";
import { quote } from "../values/quote";

function shownValues(declaration: OptionDeclaration, values: readonly string[], variant: Variant): string {
  return values
    .map((canonical, index) => {
      const kind = declaration.values[index];
      const quoted = kind?.quoted;
      const value = kind?.print?.(canonical, variant) ?? canonical;
      if (quoted === "always") return ` "${value.replace(/["'\\]/g, "\\$&")}"`;
      return quoted ? ` ${quote(value)}` : ` ${value}`;
    })
    .join("");
}

function shownOption(declaration: OptionDeclaration, given: ParsedOption, variant: Variant): string {
  const name = declaration.letter === undefined ? `--${declaration.name}` : `-${declaration.letter}`;
  return `${given.inverted ? "! " : ""}${name}${shownValues(declaration, given.values, variant)}`;
}

/** Prints what follows `-m NAME` or `-j NAME`, as iptables-save does. */
export function printUse(use: Use, variant: Variant, context: Context): string {
  const { extension, options } = use;
  if (extension.print) return extension.print(options, variant, context);
  const names = extension.order ?? extension.options.map((each) => each.name);
  const shown: string[] = [];
  for (const name of names) {
    const declaration = extension.options.find((each) => each.name === name);
    if (!declaration) continue;
    const fallback = declaration.defaultValues?.(context);
    const given = options.get(name) ?? (fallback && { inverted: false, values: fallback });
    if (!given || declaration.isOmitted?.(given, context)) continue;
    if (declaration.legacyOnly && variant === "nft") continue;
    shown.push(shownOption(declaration, given, variant));
  }
  return shown.join(" ");
}
