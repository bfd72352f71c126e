import type { Action } from "../../../model/action";
import { hex32, masked } from "../../values/mark";
import { number, U32 } from "../../values/number";
import { flag, option, target } from "../declare";
import type { Options } from "../extension";
import { first } from "../option-values";
import { hex, MARK_FORMS } from "../shared/set-mark";

const hexMask = { ...hex32, expected: "a mask of 32 bits" };

/** The last of two shifts is used (libxt_CONNMARK.c). The model treats a shifted mark as unknown. */
const SHIFTS = ["left-shift-mark", "right-shift-mark"];

function connmark(options: Options): Action {
  const shift = SHIFTS.find((name) => first(options, name, "0") !== "0");
  if (shift) return { kind: "opaque", target: "CONNMARK", text: `--${shift} ${first(options, shift)}` };
  const set = options.get("set-xmark");
  if (set) return { kind: "connmarkSet", mark: masked(set.values[0] ?? "") };
  return {
    kind: options.has("save-mark") ? "connmarkSave" : "connmarkRestore",
    nfMask: Number(first(options, "nfmask", hex(U32))),
    ctMask: Number(first(options, "ctmask", hex(U32))),
  };
}

const moved = (options: Options): boolean => options.has("save-mark") || options.has("restore-mark");

/** Sets the mark of the connection, or copies it from or to the packet (xt_connmark.c). */
export const CONNMARK = target("CONNMARK", {
  options: [
    ...MARK_FORMS,
    flag("save-mark", { excludes: ["restore-mark", "set-xmark"] }),
    flag("restore-mark", { excludes: ["save-mark", "set-xmark"] }),
    option("nfmask", hexMask),
    option("ctmask", hexMask),
    option("mask", hexMask, { excludes: ["nfmask", "ctmask"] }),
    ...SHIFTS.map((name) => option(name, number(0, 32), { isOmitted: ({ values: [bits] }) => bits === "0" })),
  ],
  oneOf: ["set-xmark", "save-mark", "restore-mark"],
  check: (options) => {
    const [earlier, later] = [...options.keys()].filter((name) => SHIFTS.includes(name));
    if (earlier !== undefined && later !== undefined) options.delete(earlier);
    const both = options.get("mask");
    options.delete("mask");
    if (!moved(options)) {
      const set = options.get("set-xmark");
      const after = [...options.keys()].indexOf("ctmask") > [...options.keys()].indexOf("set-xmark");
      const mask = (both ?? (after ? options.get("ctmask") : undefined))?.values[0];
      for (const name of ["nfmask", "ctmask"]) options.delete(name);
      if (set && mask !== undefined) {
        const { value } = masked(set.values[0] ?? "");
        options.set("set-xmark", { inverted: false, values: [`${hex(value)}/${mask}`] });
      }
      return;
    }
    const all = { inverted: false, values: [hex(U32)] };
    for (const name of ["nfmask", "ctmask"]) options.set(name, both ?? options.get(name) ?? all);
  },
  toAction: connmark,
});
