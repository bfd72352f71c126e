import { number, U16 } from "../../values/number";
import { flag, option, target } from "../declare";

/** Answers TCP handshakes in place of the server (ipt_SYNPROXY.c, ip6t_SYNPROXY.c). */
export const SYNPROXY = target("SYNPROXY", {
  protocols: [6],
  hooks: ["INPUT", "FORWARD"],
  options: [
    flag("sack-perm"),
    flag("timestamp"),
    option("wscale", number(0, 255)),
    option("mss", number(0, U16)),
    flag("ecn"),
  ],
});
