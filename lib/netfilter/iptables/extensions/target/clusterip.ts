import { macAddress } from "../../values/address/mac";
import { oneOf } from "../../values/list";
import { number, U32 } from "../../values/number";
import { flag, option, target } from "../declare";

/** Shares one address among the nodes of a cluster. Recent kernels no longer have it (ipt_CLUSTERIP.c). */
export const CLUSTERIP = target("CLUSTERIP", {
  families: ["ipv4"],
  hooks: ["INPUT"],
  options: [
    flag("new"),
    option("hashmode", oneOf(["sourceip", "sourceip-sourceport", "sourceip-sourceport-destport"])),
    option("clustermac", macAddress),
    option("total-nodes", number(1, 16)),
    option("local-node", number(1, 16)),
    option("hash-init", number(0, U32)),
  ],
});
