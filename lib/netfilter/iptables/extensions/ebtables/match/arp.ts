import { RuleSyntaxError } from "../../../rule-syntax-error";
import { macMask } from "../../../values/address/mac";
import { prefix } from "../../../values/address/prefix";
import { etherType } from "../../../values/ether-type";
import { U16, whole } from "../../../values/number";
import type { ValueType } from "../../../values/value-type";
import { invertible, match } from "../../declare";
import { ARP, requireProtocol } from "../required-protocol";

const OPCODES = [
  "Request",
  "Reply",
  "Request_Reverse",
  "Reply_Reverse",
  "DRARP_Request",
  "DRARP_Reply",
  "DRARP_Error",
  "InARP_Request",
  "ARP_NAK",
];

const opcode: ValueType = {
  expected: `a number or one of ${OPCODES.join(", ")}`,
  read: (word) => {
    const named = OPCODES.find((each) => each.toLowerCase() === word.toLowerCase());
    const value = named ? OPCODES.indexOf(named) + 1 : Number(whole(word, 0, U16, "an opcode"));
    return OPCODES[value - 1] ?? String(value);
  },
};

const plainMacs = macMask({ names: "resolved" });

/** Matches fields of ARP and RARP packets (ebt_arp.c). */
export const arp = match("arp", {
  families: ["bridge"],
  implicit: true,
  options: [
    invertible("arp-op", opcode, { aliases: ["arp-opcode"] }),
    invertible("arp-htype", {
      expected: "a hardware type",
      read: (word) =>
        word.toLowerCase() === "ethernet" ? "1" : String(whole(word, 0, U16, "a hardware type")),
    }),
    invertible("arp-ptype", {
      expected: "a protocol type",
      read: (word) => {
        const type = etherType(word);
        if (type === undefined)
          throw new RuleSyntaxError(`"${word}" is not a protocol type`, "0 to 0xffff, or a name");
        return `0x${type.toString(16)}`;
      },
    }),
    invertible("arp-ip-src", prefix({ cut: true, full: false })),
    invertible("arp-ip-dst", prefix({ cut: true, full: false })),
    invertible("arp-mac-src", plainMacs),
    invertible("arp-mac-dst", plainMacs),
    invertible("arp-gratuitous", []),
  ],
  check: (_options, context) => {
    if (context.protocol !== 0x8035) requireProtocol(ARP, "ARP")(context);
  },
});
