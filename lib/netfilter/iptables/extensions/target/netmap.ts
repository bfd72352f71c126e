import type { Action } from "../../../model/action";
import { prefix } from "../../values/address/prefix";
import { option, target } from "../declare";
import { first } from "../option-values";

const mapped = prefix({ cut: true, full: true, host: true });

/** Maps one network onto another of the same size (xt_NETMAP.c). */
export const NETMAP = target("NETMAP", {
  tables: ["nat"],
  hooks: ["PREROUTING", "POSTROUTING", "OUTPUT", "INPUT"],
  options: [option("to", mapped, { required: true })],
  toAction: (options): Action => ({ kind: "netmap", prefix: first(options, "to") }),
});
