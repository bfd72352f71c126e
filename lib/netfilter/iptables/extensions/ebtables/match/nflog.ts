import { number, U16, U32 } from "../../../values/number";
import { text } from "../../../values/text";
import { flag, match, option } from "../../declare";
import type { ParsedOption } from "../../extension";

const isZero = ({ values: [value] }: ParsedOption): boolean => value === "0";

/** Sends the frame to a logging program. A watcher of ebtables: it never decides (ebt_nflog.c). */
export const nflog = match("nflog", {
  families: ["bridge"],
  implicit: true,
  options: [
    flag("nflog", { isOmitted: () => true }),
    option("nflog-prefix", { ...text(63), quoted: "always" }),
    option("nflog-group", number(0, U16), { isOmitted: isZero, defaultValues: () => ["1"] }),
    option("nflog-range", number(0, U32), { isOmitted: isZero }),
    option("nflog-threshold", number(0, U16)),
  ],
});
