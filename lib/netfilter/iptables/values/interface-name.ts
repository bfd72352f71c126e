import { RuleSyntaxError } from "../rule-syntax-error";
import type { ValueType } from "./value-type";

/** Most bytes that the kernel keeps of an interface name (IFNAMSIZ - 1). */
const INTERFACE_LENGTH = 15;

/** An interface name as extensions read it: none is a name as well. */
export const interfaceName: ValueType = {
  what: "an interface name",
  read: (word) => {
    if (Buffer.byteLength(word) > INTERFACE_LENGTH)
      throw new RuleSyntaxError(
        `interface name "${word}" is too long`,
        `at most ${INTERFACE_LENGTH} bytes`,
        "A trailing + matches all names that begin so.",
      );
    return word;
  },
};
