import { RuleSyntaxError } from "../rule-syntax-error";
import type { ValueType } from "./value-type";

/** Any text. What the kernel's struct does not hold is cut off, as iptables does without a word. */
export function text(most: number, quoted: boolean | "always" = true, least = 1): ValueType {
  const what = `text of at most ${most} bytes`;
  return {
    what,
    quoted,
    read: (word) => {
      if (word.length < least) throw new RuleSyntaxError("this text is empty", what);
      if (word.length * 3 <= most || Buffer.byteLength(word) <= most) return word;
      return Buffer.from(word).subarray(0, most).toString();
    },
  };
}
