import { RuleSyntaxError } from "../../../rule-syntax-error";
import { etherType } from "../../../values/ether-type";
import { hexWord } from "../../../values/hex";
import { number } from "../../../values/number";
import { invertible, match } from "../../declare";
import { requireProtocol } from "../required-protocol";

const VLAN = 0x8100;

/** Matches fields of the VLAN tag (ebt_vlan.c). */
export const vlan = match("vlan", {
  families: ["bridge"],
  implicit: true,
  options: [
    invertible("vlan-id", number(0, 4094)),
    invertible("vlan-prio", number(0, 7)),
    invertible("vlan-encap", {
      expected: "an EtherType",
      read: (word) => {
        const type = etherType(hexWord(word));
        if (type === undefined || type < 0x600)
          throw new RuleSyntaxError(`"${word}" is not an EtherType`, "a name or 0x0600 to 0xffff");
        return type.toString(16).toUpperCase().padStart(4, "0");
      },
    }),
  ],
  check: (options, context) => {
    requireProtocol(VLAN, "802_1Q")(context);
    // The kernel drops the priority from a rule with a VLAN ID other than 0 (ebt_vlan.c, ebt_vlan_mt_check).
    const id = options.get("vlan-id");
    if (id && id.values[0] !== "0") options.delete("vlan-prio");
  },
});
