import type { Action } from "../../../model/action";
import { number, U32 } from "../../values/number";
import { flag, option, target } from "../declare";
import { directions, setName, sides } from "../shared/ip-set";

const CHANGES = ["add-set", "del-set", "map-set"];

/** Adds addresses and ports to an ipset, or deletes them from it (xt_set.c). */
export const SET = target("SET", {
  oneOf: CHANGES,
  options: [
    option("add-set", [setName, directions]),
    flag("exist", { needs: ["add-set"] }),
    option("timeout", number(0, U32), { needs: ["add-set"] }),
    option("del-set", [setName, directions]),
    option("map-set", [setName, directions]),
    flag("map-mark"),
    flag("map-prio"),
    flag("map-queue"),
  ],
  hooks: (options) => (options.has("map-set") ? ["FORWARD", "OUTPUT", "POSTROUTING"] : undefined),
  toAction: (options): Action => {
    const name = options.has("add-set") ? "add-set" : "del-set";
    const given = options.get(name);
    if (!given)
      return { kind: "opaque", target: "SET", text: `--map-set ${options.get("map-set")?.values.join(" ")}` };
    return {
      kind: "set",
      change: name === "add-set" ? "add" : "del",
      set: given.values[0] ?? "",
      directions: sides(options, name),
    };
  },
});
