import { mac } from "../../../values/address/mac";
import { option, target } from "../../declare";
import { ending } from "../frame-verdict";
import { ARP, needs } from "../required-protocol";

export const arpreply = target("arpreply", {
  families: ["bridge"],
  tables: ["nat"],
  hooks: ["PREROUTING"],
  options: [
    option("arpreply-mac", mac, { byDefault: () => ["00:00:00:00:00:00"] }),
    ending("arpreply-target", "DROP", true),
  ],
  check: (_options, context) => needs(ARP, "ARP")(context),
});
