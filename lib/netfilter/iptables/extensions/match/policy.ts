import { protocolName } from "../../../model/protocols";
import { readProtocol } from "../../read/base-options";
import { hex32 } from "../../values/marks";
import { number, oneOf, U32 } from "../../values/numbers";
import { prefix } from "../../values/prefix";
import {
  type Extension,
  flag,
  type Given,
  invertible,
  type Kind,
  match,
  type Options,
  option,
  Refusal,
} from "../declare";
import { first } from "../option-values";

const elementOf = (options: Options): number => Number(options.get("elements")?.values[0] ?? 0);

/** Options of the element that is being described: `reqid@0`, `reqid@1` after `--next`. */
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
    throw new Refusal(`"${word}" is no protocol of IPsec`, IPSEC.map(protocolName).join(", "));
  return protocolName(number);
}

const protocol: Kind = { what: "a protocol such as esp", read: (word) => ipsecProtocol(word) };

function check(options: Map<string, Given>): void {
  const none = options.get("pol")?.values[0] === "none";
  const count = elementOf(options) + 1;
  const elements = [...options.keys()].filter((key) => key.includes("@"));
  if (none && options.has("strict"))
    throw new Refusal("--pol none with a description of a policy", "--pol ipsec");
  if (!options.has("strict") && count > 1) throw new Refusal("--next needs --strict", "--strict");
  if (options.has("strict") && elements.length === 0)
    throw new Refusal("--strict describes no policy", "--reqid, --spi, --proto …");
  for (let index = 0; index < count; index++) {
    const own = elements.filter((key) => key.endsWith(`@${index}`));
    if (options.has("strict") && own.length === 0)
      throw new Refusal("an empty element of a policy", "--reqid, --spi, --proto …");
    const mode = options.get(`mode@${index}`);
    const tunnel = mode !== undefined && (mode.values[0] === "tunnel") !== mode.inverted;
    if (own.some((key) => key.startsWith("tunnel-")) && !tunnel)
      throw new Refusal("tunnel addresses of what is no tunnel", "--mode tunnel");
  }
}

const policy = match("policy", {
  options: [
    option("dir", oneOf(["in", "out"]), { required: true }),
    option("pol", oneOf(["none", "ipsec"])),
    flag("strict"),
    invertible("reqid", number(0, U32), { slot: slot("reqid") }),
    invertible("spi", hex32, { slot: slot("spi") }),
    invertible("proto", protocol, { slot: slot("proto") }),
    invertible("mode", oneOf(["transport", "tunnel"]), { slot: slot("mode") }),
    invertible("tunnel-dst", network, { slot: slot("tunnel-dst") }),
    invertible("tunnel-src", network, { slot: slot("tunnel-src") }),
    // Each --next begins the next element: what was kept is how many there were.
    flag("next", {
      repeatable: true,
      becomes: (_given, _context, options) => [
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
    if (elementOf(options) >= MOST) throw new Refusal(`more than ${MOST} elements`, `at most ${MOST}`);
    // Where there is no policy, what it would be like asks nothing, and iptables-save says nothing of it.
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

export const POLICY_MATCHES: readonly Extension[] = [policy];
