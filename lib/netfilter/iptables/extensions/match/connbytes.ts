import { RuleSyntaxError } from "../../rule-syntax-error";
import { oneOf } from "../../values/list";
import { U64, whole } from "../../values/number";
import type { ValueType } from "../../values/value-type";
import { invertible, match, option } from "../declare";

const byteRange: ValueType = {
  what: "FROM[:TO]",
  read: (word) => {
    const [low = "", high, ...more] = word.split(":");
    if (more.length > 0) throw new RuleSyntaxError(`"${word}" has too many parts`, "FROM[:TO]");
    const from = low === "" ? 0n : whole(low, 0, U64, "a number");
    if (high === undefined || high === "") return String(from);
    const to = whole(high, 0, U64, "a number");
    if (to === U64) return String(from);
    if (from > to) throw new RuleSyntaxError(`range "${word}" runs backwards`, "the smaller number first");
    return `${from}:${to}`;
  },
};

export const connbytes = match("connbytes", {
  options: [
    invertible("connbytes", byteRange, { required: true }),
    option("connbytes-mode", oneOf(["packets", "bytes", "avgpkt"]), { required: true }),
    option("connbytes-dir", oneOf(["original", "reply", "both"]), { required: true }),
  ],
  // `!` is kept as a range that runs backwards, which one that holds a single number cannot.
  check: (options) => {
    const [value = ""] = options.get("connbytes")?.values ?? [];
    const [from, to] = value.split(":");
    const single = from === to || value === String(U64);
    // A range up to 0 has no end.
    if (single) options.set("connbytes", { inverted: false, values: [value === "0:0" ? "0" : value] });
  },
});
