import { RuleSyntaxError } from "../../rule-syntax-error";
import { oneOf } from "../../values/list";
import { U64, whole } from "../../values/number";
import type { ValueType } from "../../values/value-type";
import { invertible, match, option } from "../declare";

const byteRange: ValueType = {
  expected: "FROM[:TO]",
  read: (word) => {
    const [low = "", high, ...more] = word.split(":");
    if (more.length > 0) throw new RuleSyntaxError(`"${word}" has too many parts`, "FROM[:TO]");
    const from = low === "" ? 0n : whole(low, 0, U64, "a number");
    if (high === undefined || high === "") return String(from);
    const to = whole(high, 0, U64, "a number");
    if (to === U64) return String(from);
    if (from > to) throw new RuleSyntaxError(`range "${word}" is reversed`, "the smaller number first");
    return `${from}:${to}`;
  },
};

/** Matches by how many bytes or packets a connection has transferred (xt_connbytes.c). */
export const connbytes = match("connbytes", {
  options: [
    invertible("connbytes", byteRange, { required: true }),
    option("connbytes-mode", oneOf(["packets", "bytes", "avgpkt"]), { required: true }),
    option("connbytes-dir", oneOf(["original", "reply", "both"]), { required: true }),
  ],
  // libxt_connbytes stores a negated range in reverse. The negation of a single number is lost.
  check: (options) => {
    const [value = ""] = options.get("connbytes")?.values ?? [];
    const [from, to] = value.split(":");
    const single = from === to || value === String(U64);
    // The kernel reads an end of 0 as no end.
    if (single) options.set("connbytes", { inverted: false, values: [value === "0:0" ? "0" : value] });
  },
});
