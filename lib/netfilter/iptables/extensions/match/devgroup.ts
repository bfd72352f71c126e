import { invertible, match } from "../declare";
import { named } from "../shared/named-number";

/** As iproute2 ships them (/etc/iproute2/group, /etc/iproute2/rt_realms). */
const GROUPS = new Map([["default", 0n]]);

export const devgroup = match("devgroup", {
  hooks: (options) =>
    options.has("src-group")
      ? options.has("dst-group")
        ? ["FORWARD"]
        : ["PREROUTING", "INPUT", "FORWARD"]
      : ["FORWARD", "OUTPUT", "POSTROUTING"],
  oneOf: ["src-group", "dst-group"],
  options: [
    invertible("src-group", named(GROUPS, "a device group")),
    invertible("dst-group", named(GROUPS, "a device group")),
  ],
});
