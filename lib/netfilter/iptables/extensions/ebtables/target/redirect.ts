import { target } from "../../declare";
import { frameVerdict } from "../frame-verdict";

/** Changes the destination MAC address to that of the bridge (ebt_redirect.c). */
export const redirect = target("redirect", {
  families: ["bridge"],
  tables: ["nat", "broute"],
  hooks: ["PREROUTING", "BROUTING"],
  options: [frameVerdict("redirect-target", "ACCEPT", true)],
});
