import { number } from "../../values/number";
import { text } from "../../values/text";
import { invertible, match, option } from "../declare";

/** Matches TCP SYN packets by the operating system that sent them (xt_osf.c). */
export const osf = match("osf", {
  families: ["ipv4"],
  hooks: ["PREROUTING", "INPUT", "FORWARD"],
  protocols: [6],
  options: [
    invertible("genre", text(31, false, 0), { required: true }),
    option("ttl", number(0, 2)),
    option("log", number(0, 2)),
  ],
});
