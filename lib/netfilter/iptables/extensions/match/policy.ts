import { protocolName } from "../../../model/protocols";
import { RuleSyntaxError } from "../../rule-syntax-error";
import { prefix } from "../../values/address/prefix";
import { oneOf } from "../../values/list";
import { hex32 } from "../../values/mark";
import { number, U32 } from "../../values/number";
import { readProtocol } from "../../values/protocol";
import type { ValueType } from "../../values/value-type";
import { flag, invertible, match, option } from "../declare";
import type { Options, ParsedOption } from "../extension";
import { first } from "../option-values";

const elementOf = (options: Options): number => Number(options.get("elements")?.values[0] ?? 0);

/** Stores an option with the index of its element: `reqid@0`, and `reqid@1` after `--next`. */
const slot = (name: string) => (options: Options) => `${name}@${elementOf(options)}`;

const NAMES = ["reqid", "spi", "proto", "mode", "tunnel-dst", "tunnel-src"];

/** Most elements of a policy (XT_POLICY_MAX_ELEM). */
const MOST = 4;

const shownElement = (options: Options, index: number): string =>
  NAMES.flatMap((name) => {
    const given = options.get(`${name}@${index}`);
    return given ? [`${given.inverted ? "! " : ""}--${name} ${given.values[0]}`] : [];
  }).join(" ");

const network = prefix({ cut: false, full: false, host: true });

const IPSEC = [50, 51, 108];

function ipsecProtocol(word: string): string {
  const number = readProtocol(word);
  if (!IPSEC.includes(number))
    throw new RuleSyntaxError(`"${word}" is not a protocol of IPsec`, IPSEC.map(protocolName).join(", "));
  return protocolName(number);
}

const protocol: ValueType = { expected: "a protocol such as esp", read: (word) => ipsecProtocol(word) };

function check(options: Map<string, ParsedOption>): void {
  const none = options.get("pol")?.values[0] === "none";
  const count = elementOf(options) + 1;
  const elements = [...options.keys()].filter((key) => key.includes("@"));
  if (none && options.has("strict"))
    throw new RuleSyntaxError("--pol none cannot be combined with --strict", "--pol ipsec");
  if (!options.has("strict") && count > 1) throw new RuleSyntaxError("--next needs --strict", "--strict");
  if (options.has("strict") && elements.length === 0)
    throw new RuleSyntaxError("--strict without a policy to compare with", "--reqid, --spi, --proto …");
  for (let index = 0; index < count; index++) {
    const own = elements.filter((key) => key.endsWith(`@${index}`));
    if (options.has("strict") && own.length === 0)
      throw new RuleSyntaxError("an element without options", "--reqid, --spi, --proto …");
    const mode = options.get(`mode@${index}`);
    const tunnel = mode !== undefined && (mode.values[0] === "tunnel") !== mode.inverted;
    if (own.some((key) => key.startsWith("tunnel-")) && !tunnel)
      throw new RuleSyntaxError("tunnel addresses without tunnel mode", "--mode tunnel");
  }
}

/** Matches the IPsec policy that was, or will be, used for the packet (xt_policy.c). */
export const policy = match("policy", {
  options: [
    option("dir", oneOf(["in", "out"]), { required: true }),
    option("pol", oneOf(["none", "ipsec"])),
    flag("strict"),
    invertible("reqid", number(0, U32), { storedUnder: slot("reqid") }),
    invertible("spi", hex32, { storedUnder: slot("spi") }),
    invertible("proto", protocol, { storedUnder: slot("proto") }),
    invertible("mode", oneOf(["transport", "tunnel"]), { storedUnder: slot("mode") }),
    invertible("tunnel-dst", network, { storedUnder: slot("tunnel-dst") }),
    invertible("tunnel-src", network, { storedUnder: slot("tunnel-src") }),
    // Each --next starts another element. Stored is how many were started.
    flag("next", {
      repeatable: true,
      storedAs: (_given, _context, options) => [
        "elements",
        { inverted: false, values: [String(elementOf(options) + 1)] },
      ],
    }),
  ],
  hooks: (options) =>
    options.get("dir")?.values[0] === "in"
      ? ["PREROUTING", "INPUT", "FORWARD"]
      : ["FORWARD", "OUTPUT", "POSTROUTING"],
  check: (options) => {
    if (elementOf(options) >= MOST)
      throw new RuleSyntaxError(`more than ${MOST} elements`, `at most ${MOST}`);
    // Options of elements have no effect with --pol none, and iptables-save does not print them.
    if (options.get("pol")?.values[0] === "none" && !options.has("strict"))
      for (const key of [...options.keys()]) if (key.includes("@")) options.delete(key);
    check(options);
  },
  print: (options) => {
    const shown = [`--dir ${options.get("dir")?.values[0]}`, `--pol ${first(options, "pol", "ipsec")}`];
    if (options.has("strict")) shown.push("--strict");
    for (let index = 0; index <= elementOf(options); index++) {
      const element = shownElement(options, index);
      if (index > 0) shown.push("--next");
      if (element !== "") shown.push(element);
    }
    return shown.join(" ");
  },
});
