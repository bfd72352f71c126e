import { macAddress } from "../../values/address/mac";
import { invertible, match } from "../declare";
import { first, inverted } from "../option-values";

/** Matches the source MAC address (xt_mac.c). */
export const mac = match("mac", {
  hooks: ["PREROUTING", "INPUT", "FORWARD"],
  options: [invertible("mac-source", macAddress, { required: true })],
  toMatches: (options) => [
    { kind: "mac", inverted: inverted(options, "mac-source"), address: first(options, "mac-source") },
  ],
});
