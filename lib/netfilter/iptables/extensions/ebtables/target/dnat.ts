import { mac } from "../../../values/address/mac";
import { option, target } from "../../declare";
import { ending } from "../frame-verdict";

export const dnat = target("dnat", {
  families: ["bridge"],
  tables: ["nat", "broute"],
  hooks: ["PREROUTING", "OUTPUT", "BROUTING"],
  options: [
    option("to-dst", mac, { aliases: ["to-destination"], required: true }),
    ending("dnat-target", "ACCEPT"),
  ],
});
