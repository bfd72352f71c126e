import { invertible, match } from "../declare";
import { namedNumber } from "../shared/named-number";

/** The names that iproute2 ships in /etc/iproute2/group. */
const GROUPS = new Map([["default", 0n]]);

/** Matches the group of the incoming or outgoing device (xt_devgroup.c). */
export const devgroup = match("devgroup", {
  hooks: (options) =>
    options.has("src-group")
      ? options.has("dst-group")
        ? ["FORWARD"]
        : ["PREROUTING", "INPUT", "FORWARD"]
      : ["FORWARD", "OUTPUT", "POSTROUTING"],
  oneOf: ["src-group", "dst-group"],
  options: [
    invertible("src-group", namedNumber(GROUPS, "a device group")),
    invertible("dst-group", namedNumber(GROUPS, "a device group")),
  ],
});
