import { mac } from "../../../values/address/mac";
import { flag, option, target } from "../../declare";
import { ending } from "../frame-verdict";

export const snat = target("snat", {
  families: ["bridge"],
  tables: ["nat"],
  hooks: ["POSTROUTING"],
  options: [
    option("to-src", mac, { aliases: ["to-source"], required: true }),
    flag("snat-arp"),
    ending("snat-target", "ACCEPT"),
  ],
});
