import { RuleSyntaxError } from "../../rule-syntax-error";
import { prefixLength } from "../../values/address/mask";
import { paddedHex } from "../../values/hex";
import { number, U16, U32 } from "../../values/number";
import type { ValueType } from "../../values/value-type";
import { option, target } from "../declare";
import { first } from "../option-values";

const TUPLE = ["src", "dst", "sport", "dport", "spi", "proto", "ct"];

const tuple: ValueType = {
  expected: `a list of ${TUPLE.join(", ")}`,
  read: (word) => {
    for (const each of word.split(","))
      if (!TUPLE.includes(each))
        throw new RuleSyntaxError(`"${each}" is not a part of a tuple`, TUPLE.join(", "));
    return word;
  },
};

/** The options and masks that the parts of a tuple stand for. Only `ct` is stored as a tuple (libxt_HMARK.c). */
const TUPLE_MASKS: readonly (readonly [string, string, string | undefined])[] = [
  ["src", "hmark-src-prefix", undefined],
  ["dst", "hmark-dst-prefix", undefined],
  ["sport", "hmark-sport-mask", "0xffff"],
  ["dport", "hmark-dport-mask", "0xffff"],
  ["spi", "hmark-spi-mask", "0xffffffff"],
  ["proto", "hmark-proto-mask", "0xff"],
];

const PORT_PARTS = ["hmark-sport-mask", "hmark-dport-mask"];

const PORTS = ["hmark-sport", "hmark-dport"];

/** Options that say what is hashed. At least one of them is required. */
const HASHED = new Set([...TUPLE_MASKS.map(([, name]) => name), ...PORTS, "hmark-spi", "hmark-tuple"]);

/** A mask with holes has no length (xtables_ipmask_to_cidr). iptables cannot read what it prints for such a mask. */
const noLength = (): string => "-1";

/** Sets the mark of the packet from a hash of its addresses and ports (xt_HMARK.c). */
export const HMARK = target("HMARK", {
  options: [
    option("hmark-src-prefix", prefixLength(noLength)),
    option("hmark-dst-prefix", prefixLength(noLength)),
    option("hmark-sport-mask", paddedHex(4, U16)),
    option("hmark-dport-mask", paddedHex(4, U16)),
    option("hmark-spi-mask", paddedHex(8, U32), { excludes: PORT_PARTS }),
    option("hmark-sport", paddedHex(4, U16)),
    option("hmark-dport", paddedHex(4, U16)),
    option("hmark-spi", paddedHex(8, U32)),
    option("hmark-proto-mask", paddedHex(2, U16)),
    option("hmark-rnd", paddedHex(8, U32), { required: true }),
    option("hmark-mod", number(1, U32), { required: true }),
    option("hmark-offset", number(0, U32)),
    option("hmark-tuple", tuple),
  ],
  check: (options, { family }) => {
    if (![...options.keys()].some((name) => HASHED.has(name)))
      throw new RuleSyntaxError(
        "HMARK has nothing to hash",
        "--hmark-tuple src,dst or another part of a packet",
      );
    const parts = first(options, "hmark-tuple").split(",");
    const order = [...options.keys()];
    for (const [part, name] of TUPLE_MASKS)
      if (parts.includes(part) && order.indexOf(name) > order.indexOf("hmark-tuple"))
        throw new RuleSyntaxError(
          `--hmark-tuple ${part} repeats what --${name} already says`,
          "only one of them",
        );
    options.delete("hmark-tuple");
    for (const [part, name, mask] of TUPLE_MASKS)
      if (parts.includes(part))
        options.set(name, { inverted: false, values: [mask ?? (family === "ipv6" ? "128" : "32")] });
    if (options.has("hmark-spi") && PORTS.some((name) => options.has(name)))
      throw new RuleSyntaxError(
        "HMARK cannot hash both ports and an SPI",
        "--hmark-spi, or --hmark-sport and --hmark-dport",
      );
    if (parts.includes("ct")) options.set("hmark-tuple", { inverted: false, values: ["ct"] });
  },
});
