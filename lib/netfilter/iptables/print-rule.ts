import type { BaseName } from "./base";
import type { Context, Use, Variant } from "./declare";
import { printUse } from "./print-use";
import { isUse, type Spec, type Unread } from "./spec";

/** Whether iptables-save leaves a base option out because it asks nothing. */
function silent(name: BaseName, inverted: boolean, value: string): boolean {
  if (inverted) return false;
  switch (name) {
    case "source":
    case "destination":
      return value === "0.0.0.0/0" || value === "::/0";
    case "in":
    case "out":
      return value === "+";
    case "protocol":
      return value === "ip" || value === "all";
    case "fragment":
      return false;
  }
}

const LETTERS: readonly (readonly [BaseName, string])[] = [
  ["source", "-s"],
  ["destination", "-d"],
  ["in", "-i"],
  ["out", "-o"],
  ["protocol", "-p"],
  ["fragment", "-f"],
];

const spaced = (head: string, options: string): string => (options === "" ? head : `${head} ${options}`);

function printMatch(use: Use | Unread, variant: Variant, context: Context): string {
  if (!isUse(use)) return use.text;
  return spaced(`-m ${use.extension.printsAs ?? use.extension.name}`, printUse(use, variant, context));
}

/** Everything after `-A CHAIN`, in the order and spelling of that variant's iptables-save. */
export function printSpec(spec: Spec, variant: Variant, context: Context): string {
  const shown: string[] = [];
  for (const [name, letter] of LETTERS) {
    const given = spec.base[name];
    if (!given || silent(name, given.inverted, given.value)) continue;
    shown.push(spaced(`${given.inverted ? "! " : ""}${letter}`, given.value));
  }
  for (const use of spec.matches) shown.push(printMatch(use, variant, context));
  const { jump } = spec;
  if (jump) {
    const option = jump.goto ? "-g" : "-j";
    if (jump.use)
      shown.push(
        spaced(`${option} ${jump.use.extension.printsAs ?? jump.name}`, printUse(jump.use, variant, context)),
      );
    else shown.push(jump.unread ? jump.unread.text : `${option} ${jump.name}`);
  }
  return shown.join(" ");
}
