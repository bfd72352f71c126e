import { RuleSyntaxError } from "../../rule-syntax-error";
import { address } from "../../values/address/address";
import { macAddress } from "../../values/address/mac";
import { option, target } from "../declare";

/** Changes addresses in the ARP packet (arpt_mangle.c). */
export const mangle = target("mangle", {
  families: ["arp"],
  oneOf: ["mangle-ip-s", "mangle-ip-d", "mangle-mac-s", "mangle-mac-d"],
  options: [
    option("mangle-ip-s", address),
    option("mangle-mac-s", macAddress),
    option("mangle-ip-d", address),
    option("mangle-mac-d", macAddress),
    option(
      "mangle-target",
      {
        expected: "DROP, CONTINUE or ACCEPT",
        read: (word) => {
          if (!["DROP", "CONTINUE", "ACCEPT"].includes(word))
            throw new RuleSyntaxError(`"${word}" is not a verdict of mangle`, "DROP, CONTINUE or ACCEPT");
          return word;
        },
      },
      { isOmitted: ({ values: [end] }) => end === "ACCEPT" },
    ),
  ],
});
