import { RuleSyntaxError } from "../rule-syntax-error";
import type { ValueType } from "./value-type";

/**
 * Any text. Like iptables, silently cuts off what does not fit into the kernel's struct.
 *
 * @param most - most bytes.
 * @param least - least characters.
 */
export function text(most: number, quoted: boolean | "always" = true, least = 1): ValueType {
  const what = `text of at most ${most} bytes`;
  return {
    expected: what,
    quoted,
    read: (word) => {
      if (word.length < least) throw new RuleSyntaxError("the text is empty", what);
      if (word.length * 3 <= most || Buffer.byteLength(word) <= most) return word;
      return Buffer.from(word).subarray(0, most).toString();
    },
  };
}
