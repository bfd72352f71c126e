import { RuleSyntaxError } from "../rule-syntax-error";
import type { ValueType } from "./value-type";

/** Most bytes of an interface name (IFNAMSIZ - 1). */
const INTERFACE_LENGTH = 15;

/** An interface name. Extensions accept an empty one. */
export const interfaceName: ValueType = {
  expected: "an interface name",
  read: (word) => {
    if (Buffer.byteLength(word) > INTERFACE_LENGTH)
      throw new RuleSyntaxError(
        `interface name "${word}" is too long`,
        `at most ${INTERFACE_LENGTH} bytes`,
        "A + at the end matches all names that start with what is before it.",
      );
    return word;
  },
};
