import { macAddress } from "../../../values/address/mac";
import { option, target } from "../../declare";
import { frameVerdict } from "../frame-verdict";

/** Changes the destination MAC address (ebt_dnat.c). */
export const dnat = target("dnat", {
  families: ["bridge"],
  tables: ["nat", "broute"],
  hooks: ["PREROUTING", "OUTPUT", "BROUTING"],
  options: [
    option("to-dst", macAddress, { aliases: ["to-destination"], required: true }),
    frameVerdict("dnat-target", "ACCEPT"),
  ],
});
