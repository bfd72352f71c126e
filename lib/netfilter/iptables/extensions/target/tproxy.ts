import type { Action } from "../../../model/action";
import { address } from "../../values/address/address";
import { markValue, masked } from "../../values/mark";
import { decimalPort } from "../../values/port";
import { option, target } from "../declare";
import { first } from "../option-values";

/** Gives the packet to a local socket without changing it (xt_TPROXY.c). */
export const TPROXY = target("TPROXY", {
  tables: ["mangle"],
  hooks: ["PREROUTING"],
  protocols: [6, 17],
  options: [
    option("on-port", decimalPort, { required: true }),
    option("on-ip", address, {
      defaultValues: ({ family }) => [family === "ipv6" ? "::" : "0.0.0.0"],
    }),
    option("tproxy-mark", markValue({ alwaysMask: true }), { defaultValues: () => ["0x0/0x0"] }),
  ],
  toAction: (options): Action => {
    const to = options.get("on-ip")?.values[0];
    const open = to === undefined || to === "0.0.0.0" || to === "::";
    return {
      kind: "tproxy",
      ...(open ? {} : { address: to }),
      port: Number(first(options, "on-port")),
      mark: masked(first(options, "tproxy-mark", "0x0/0x0")),
    };
  },
});
