import type { Action } from "../../../model/action";
import { hex32, mark, masked } from "../../values/marks";
import { U32 } from "../../values/numbers";
import {
  type Context,
  type Extension,
  flag,
  type Given,
  invertible,
  match,
  type Options,
  option,
  target,
} from "../declare";
import { first } from "../option-values";

const markMatch = match("mark", {
  options: [invertible("mark", mark(), { required: true })],
  lower: (options) => [
    { kind: "mark", inverted: options.get("mark")?.inverted ?? false, mark: masked(first(options, "mark")) },
  ],
});

const connmarkMatch = match("connmark", {
  options: [invertible("mark", mark(), { required: true })],
  lower: (options) => [
    {
      kind: "connmark",
      inverted: options.get("mark")?.inverted ?? false,
      mark: masked(first(options, "mark")),
    },
  ],
});

const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;

const xmark = (value: number, mask: number): readonly [string, Given] => [
  "set-xmark",
  { inverted: false, values: [`${hex(value)}/${hex(mask)}`] },
];

const valueGiven = (given: Given): number => Number(given.values[0] ?? 0);

/** All ways to set a mark come down to `mark = (mark & ~mask) ^ value` (libxt_MARK.c, xt_mark.c). */
const MARK_FORMS = [
  option("set-xmark", mark({ alwaysMask: true })),
  option("set-mark", mark({ alwaysMask: true }), {
    becomes: (given: Given, _context: Context) => {
      const { value, mask } = masked(given.values[0] ?? "");
      return xmark(value, (value | mask) >>> 0);
    },
  }),
  option("and-mark", hex32, { becomes: (given) => xmark(0, (~valueGiven(given) & U32) >>> 0) }),
  option("or-mark", hex32, { becomes: (given) => xmark(valueGiven(given), valueGiven(given)) }),
  option("xor-mark", hex32, { becomes: (given) => xmark(valueGiven(given), 0) }),
];

const MARK = target("MARK", {
  options: MARK_FORMS,
  oneOf: ["set-xmark"],
  act: (options): Action => ({ kind: "mark", mark: masked(first(options, "set-xmark")) }),
});

const hexMask = { ...hex32, what: "a mask of 32 bits" };

function connmark(options: Options): Action {
  const set = options.get("set-xmark");
  if (set) return { kind: "connmarkSet", mark: masked(set.values[0] ?? "") };
  return {
    kind: options.has("save-mark") ? "connmarkSave" : "connmarkRestore",
    nfMask: Number(first(options, "nfmask", hex(U32))),
    ctMask: Number(first(options, "ctmask", hex(U32))),
  };
}

const moved = (options: Options): boolean => options.has("save-mark") || options.has("restore-mark");

const CONNMARK = target("CONNMARK", {
  options: [
    ...MARK_FORMS,
    flag("save-mark", { excludes: ["restore-mark", "set-xmark"] }),
    flag("restore-mark", { excludes: ["save-mark", "set-xmark"] }),
    option("nfmask", hexMask),
    option("ctmask", hexMask),
    option("mask", hexMask, { excludes: ["nfmask", "ctmask"] }),
  ],
  oneOf: ["set-xmark", "save-mark", "restore-mark"],
  check: (options) => {
    const both = options.get("mask");
    options.delete("mask");
    if (!moved(options)) {
      const set = options.get("set-xmark");
      const later = [...options.keys()].indexOf("ctmask") > [...options.keys()].indexOf("set-xmark");
      const mask = (both ?? (later ? options.get("ctmask") : undefined))?.values[0];
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
  act: connmark,
});

export const MARK_EXTENSIONS: readonly Extension[] = [markMatch, connmarkMatch, MARK, CONNMARK];
