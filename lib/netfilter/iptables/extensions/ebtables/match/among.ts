import type { Context } from "../../../context";
import { RuleSyntaxError } from "../../../rule-syntax-error";
import { macAddress } from "../../../values/address/mac";
import { prefix } from "../../../values/address/prefix";
import type { ValueType } from "../../../values/value-type";
import { invertible, match } from "../../declare";

/** Reads a MAC address. ebtables prints it without leading zeros. */
function amongMac(word: string, context: Context): readonly [key: string, shown: string] {
  const padded = macAddress.read(word, context);
  return [
    padded,
    padded
      .split(":")
      .map((part) => Number.parseInt(part, 16).toString(16))
      .join(":"),
  ];
}

const macList: ValueType = {
  expected: "MAC[=IP] entries separated by commas",
  read: (word, context) => {
    const entries = word
      .split(",")
      .filter((each) => each !== "")
      .map((each): readonly [string, string] => {
        const [address = "", host] = each.split("=");
        const [key, shown] = amongMac(address, context);
        if (host === undefined) return [key, shown];
        return [key, `${shown}=${prefix({ cut: false, full: false }).read(host, context)}`];
      });
    if (entries.length === 0)
      throw new RuleSyntaxError("the list of addresses is empty", "MAC[=IP] entries separated by commas");
    return entries
      .sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
      .map(([, shown]) => shown)
      .join(",");
  },
};

/** Matches MAC addresses, or pairs of MAC and IP address, in a list (ebt_among.c). */
export const among = match("among", {
  families: ["bridge"],
  implicit: true,
  options: [invertible("among-dst", macList), invertible("among-src", macList)],
  order: ["among-src", "among-dst"],
});
