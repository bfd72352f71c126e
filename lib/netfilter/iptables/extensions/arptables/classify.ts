import { RuleSyntaxError } from "../../rule-syntax-error";
import { option, target } from "../declare";

/** Sets the priority of the packet, which chooses its traffic class (xt_CLASSIFY.c). */
export const CLASSIFY = target("CLASSIFY", {
  families: ["arp"],
  hooks: ["OUTPUT"],
  options: [
    option(
      "set-class",
      {
        expected: "MAJOR:MINOR in hexadecimal",
        read: (word) => {
          const found = /^(?:0x)?([0-9a-fA-F]{1,4}):(?:0x)?([0-9a-fA-F]{1,4})$/.exec(word);
          if (!found)
            throw new RuleSyntaxError(`"${word}" is not a traffic class`, "MAJOR:MINOR in hexadecimal");
          return [found[1], found[2]].map((part) => Number.parseInt(part ?? "", 16).toString(16)).join(":");
        },
      },
      { required: true },
    ),
  ],
});
