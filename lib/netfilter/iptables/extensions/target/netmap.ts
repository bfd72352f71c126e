import type { Action } from "../../../model/action";
import type { Context } from "../../context";
import { prefix } from "../../values/address/prefix";
import { option, target } from "../declare";
import { first } from "../option-values";

const mapped = prefix({ cut: true, full: true, host: true });

/** NETMAP keeps no mask with holes: libipt_NETMAP prints such a one as a single address. */
function netmapPrefix(word: string, context: Context): string {
  const [network = "", mask = ""] = mapped.read(word, context).split("/");
  return `${network}/${/^[0-9]+$/.test(mask) ? mask : context.family === "ipv6" ? 128 : 32}`;
}

/** Maps one network onto another of the same size (xt_NETMAP.c). */
export const NETMAP = target("NETMAP", {
  tables: ["nat"],
  hooks: ["PREROUTING", "POSTROUTING", "OUTPUT", "INPUT"],
  options: [option("to", { ...mapped, read: netmapPrefix }, { required: true })],
  act: (options): Action => ({ kind: "netmap", prefix: first(options, "to") }),
});
