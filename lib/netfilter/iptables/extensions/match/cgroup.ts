import { number, U32 } from "../../values/number";
import { text } from "../../values/text";
import { invertible, match } from "../declare";

/** Matches packets of sockets in a control group (xt_cgroup.c). */
export const cgroup = match("cgroup", {
  hooks: ["INPUT", "OUTPUT", "POSTROUTING"],
  oneOf: ["path", "cgroup"],
  options: [
    invertible("path", text(511, "always"), { excludes: ["cgroup"] }),
    invertible("cgroup", number(0, U32), { excludes: ["path"] }),
  ],
});
