import { macAddress } from "../../../values/address/mac";
import { option, target } from "../../declare";
import { frameVerdict } from "../frame-verdict";
import { ARP, requireProtocol } from "../required-protocol";

/** Answers ARP requests (ebt_arpreply.c). */
export const arpreply = target("arpreply", {
  families: ["bridge"],
  tables: ["nat"],
  hooks: ["PREROUTING"],
  options: [
    option("arpreply-mac", macAddress, { defaultValues: () => ["00:00:00:00:00:00"] }),
    frameVerdict("arpreply-target", "DROP", true),
  ],
  check: (_options, context) => requireProtocol(ARP, "ARP")(context),
});
