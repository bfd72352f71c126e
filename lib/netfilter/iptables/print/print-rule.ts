import { protocolNumber } from "../../model/protocols";
import type { Context, Variant } from "../context";
import type { Use } from "../extensions/extension";
import { type BaseName, isUse, type RuleSpec, type Unread } from "../rule-spec";
import { asExpressed } from "./nft-expressions";
import { printUse } from "./print-use";

/** Whether iptables-save leaves out a base option because it matches every packet. */
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

/** Protocols whose names iptables itself knows (xtables.c, xtables_chain_protos). */
const BUILT_IN = new Set([1, 6, 17, 33, 50, 51, 58, 108, 132, 135, 136]);

function shownBase(name: BaseName, value: string, { iptables }: Context): string {
  if (name !== "protocol" || iptables.protocolNames === "system") return value;
  const number = protocolNumber(value);
  return number === undefined || BUILT_IN.has(number) ? value : String(number);
}

const spaced = (head: string, options: string): string => (options === "" ? head : `${head} ${options}`);

function printMatch(use: Use | Unread, variant: Variant, context: Context): string {
  if (!isUse(use)) return use.text;
  const options = printUse(use, variant, context);
  return use.extension.implicit
    ? options
    : spaced(`-m ${use.extension.printsAs ?? use.extension.name}`, options);
}

/**
 * Prints a rule of arptables or ebtables, with the options of the header before all others. arptables prints the name
 * of the target first and its options last. ebtables prints a target for every rule.
 */
function printFrameSpec(spec: RuleSpec, variant: Variant, context: Context): string {
  const isHeader = (use: Use | Unread): boolean => isUse(use) && use.extension.name === "header";
  const matches = [...spec.matches.filter(isHeader), ...spec.matches.filter((use) => !isHeader(use))]
    .map((use) => printMatch(use, variant, context))
    .filter((shown) => shown !== "");
  const { jump } = spec;
  const name = jump ? [`-j ${jump.name}`] : context.family === "bridge" ? ["-j CONTINUE"] : [];
  const options = jump?.use ? printUse(jump.use, variant, context) : "";
  // ebtables prints a space after the name of a target, even if it has no options.
  const rest = options === "" && (context.family === "arp" || !jump?.use) ? [] : [options];
  const parts = context.family === "arp" ? [...name, ...matches, ...rest] : [...matches, ...name, ...rest];
  return parts.join(" ");
}

/** Prints what follows `-A CHAIN`, as the iptables-save of the variant does. */
export function printSpec(spec: RuleSpec, variant: Variant, context: Context): string {
  if (context.family === "arp" || context.family === "bridge") return printFrameSpec(spec, variant, context);
  const shown: string[] = [];
  for (const [name, letter] of LETTERS) {
    const given = spec.base[name];
    if (!given || silent(name, given.inverted, given.value)) continue;
    shown.push(spaced(`${given.inverted ? "! " : ""}${letter}`, shownBase(name, given.value, context)));
  }
  const matches = variant === "nft" ? asExpressed(spec.matches, context.iptables) : spec.matches;
  for (const use of matches) shown.push(printMatch(use, variant, context));
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
