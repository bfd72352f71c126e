import { whole } from "../../../values/number";
import { text } from "../../../values/text";
import type { ValueType } from "../../../values/value-type";
import { flag, match, option } from "../../declare";

const LEVELS = ["emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"];

const level: ValueType = {
  expected: `0 to 7, or one of ${LEVELS.join(", ")}`,
  read: (word) => {
    if (LEVELS.includes(word)) return word;
    return LEVELS[Number(whole(word, 0, 7, "a log level"))] ?? word;
  },
};

/** Writes the frame to the kernel log. A watcher of ebtables: it never decides (ebt_log.c). */
export const log = match("log", {
  families: ["bridge"],
  implicit: true,
  options: [
    flag("log", { isOmitted: () => true }),
    option("log-level", level, { defaultValues: () => ["notice"] }),
    option("log-prefix", { ...text(29), quoted: "always" }),
    flag("log-ip"),
    flag("log-arp"),
    flag("log-ip6"),
  ],
});
