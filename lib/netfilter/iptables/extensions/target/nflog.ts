import { number, U16, U32 } from "../../values/number";
import { text } from "../../values/text";
import { option, target } from "../declare";
import type { ParsedOption } from "../extension";
import { sideEffectTarget } from "../shared/side-effect-target";

/** The struct of iptables-legacy holds a shorter prefix than nftables' log expression. */
const cut = (value: string, bytes: number): string => Buffer.from(value).subarray(0, bytes).toString();

const isZero = (given: ParsedOption): boolean => given.values[0] === "0";

/** Sends the packet to a logging program (xt_NFLOG.c). */
export const NFLOG = target("NFLOG", {
  options: [
    option("nflog-prefix", {
      ...text(127),
      print: (value, variant) => (variant === "legacy" ? cut(value, 63) : value),
    }),
    option("nflog-group", number(0, U16), { isOmitted: isZero }),
    option("nflog-range", number(0, U32), { legacyOnly: true, isOmitted: isZero, excludes: ["nflog-size"] }),
    option("nflog-size", number(0, U32)),
    option("nflog-threshold", number(0, U16), { isOmitted: isZero }),
  ],
  toAction: sideEffectTarget("NFLOG"),
});
