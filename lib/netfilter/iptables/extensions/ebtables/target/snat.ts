import { macAddress } from "../../../values/address/mac";
import { flag, option, target } from "../../declare";
import { frameVerdict } from "../frame-verdict";

/** Changes the source MAC address (ebt_snat.c). */
export const snat = target("snat", {
  families: ["bridge"],
  tables: ["nat"],
  hooks: ["POSTROUTING"],
  options: [
    option("to-src", macAddress, { aliases: ["to-source"], required: true }),
    flag("snat-arp"),
    frameVerdict("snat-target", "ACCEPT"),
  ],
});
