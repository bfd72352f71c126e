import type { Action } from "../../../model/action";
import { RuleSyntaxError } from "../../rule-syntax-error";
import { U16, whole } from "../../values/number";
import { text } from "../../values/text";
import type { ValueType } from "../../values/value-type";
import { flag, option, target } from "../declare";
import type { Options, ParsedOption } from "../extension";
import { first } from "../option-values";

const zone: ValueType = {
  expected: "a zone, 0 to 65535, or mark",
  read: (word) => (word === "mark" ? word : String(whole(word, 0, U16, "a zone"))),
};

const events = (names: readonly string[]): ValueType => ({
  expected: `a list of ${names.join(", ")}`,
  read: (word) => {
    const wanted = word.split(",");
    for (const each of wanted)
      if (!names.includes(each)) throw new RuleSyntaxError(`"${each}" is not an event`, names.join(", "));
    return names.filter((each) => wanted.includes(each)).join(",");
  },
});

const CT_EVENTS = [
  "new",
  "related",
  "destroy",
  "reply",
  "assured",
  "protoinfo",
  "helper",
  "mark",
  "natseqinfo",
  "secmark",
];

function ct(options: Options): Action {
  if (options.has("notrack")) return { kind: "notrack" };
  const from = (["zone", "zone-orig", "zone-reply"] as const).find((name) => options.has(name));
  const value = from === undefined ? undefined : first(options, from);
  return {
    kind: "ct",
    zoneFrom: from === "zone-orig" ? "original" : from === "zone-reply" ? "reply" : "both",
    ...(value === undefined || value === "mark" ? {} : { zone: Number(value) }),
    ...(options.has("helper") ? { helper: first(options, "helper") } : {}),
  };
}

const ZONES = ["zone-orig", "zone-reply", "zone"] as const;

const isZero = (given: ParsedOption): boolean => given.values[0] === "0";

/** The kernel returns four bytes of the name, because it uses the size of an older struct (xt_CT.c, usersize). */
const timeoutShown = (name: string): string => Buffer.from(name).subarray(0, 4).toString();

const isEmpty = (given: ParsedOption): boolean => given.values[0] === "";

/** Sets how conntrack treats the packet: not at all, in which zone, with which helper (xt_CT.c). */
export const CT = target("CT", {
  tables: ["raw"],
  options: [
    flag("notrack"),
    option("helper", text(15, false, 0), { isOmitted: isEmpty }),
    option("timeout", { ...text(31, false, 0), print: timeoutShown }, { isOmitted: isEmpty }),
    option("ctevents", events(CT_EVENTS)),
    option("expevents", events(["new"])),
    ...ZONES.map((name) => option(name, zone, { isOmitted: isZero })),
  ],
  // All three options set the same zone: the last value is used, and directions are added up.
  check: (options) => {
    const given = [...options.keys()].filter((name) => ZONES.some((each) => each === name));
    const last = options.get(given.at(-1) ?? "");
    if (given.length < 2 || !last) return;
    for (const name of given) options.set(name, last);
    if (given.some((name) => name !== "zone")) options.delete("zone");
    if (!options.has("zone-orig") || !options.has("zone-reply")) return;
    // Both directions together are the same as --zone.
    options.delete("zone-orig");
    options.delete("zone-reply");
    options.set("zone", last);
  },
  toAction: ct,
});
