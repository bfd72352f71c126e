import type { Action } from "../../../model/action";
import type { Match } from "../../../model/match";
import { number, oneOf, text, U16, U32, U64, whole } from "../../values/numbers";
import { prefixLength } from "../../values/prefix";
import {
  type Extension,
  flag,
  type Given,
  invertible,
  type Kind,
  match,
  type Options,
  option,
  Refusal,
  target,
} from "../declare";
import { first } from "../option-values";
import { note } from "../shared/side-effect-target";

const full = (family: string): number => (family === "ipv6" ? 128 : 32);

const connlimit = match("connlimit", {
  oneOf: ["connlimit-upto", "connlimit-above"],
  options: [
    invertible("connlimit-upto", number(0, U32), {
      excludes: ["connlimit-above"],
      becomes: (given) => [
        given.inverted ? "connlimit-above" : "connlimit-upto",
        { ...given, inverted: false },
      ],
    }),
    invertible("connlimit-above", number(0, U32), {
      excludes: ["connlimit-upto"],
      becomes: (given) => [
        given.inverted ? "connlimit-upto" : "connlimit-above",
        { ...given, inverted: false },
      ],
    }),
    option("connlimit-mask", prefixLength("whole"), { byDefault: ({ family }) => [String(full(family))] }),
    flag("connlimit-saddr", { excludes: ["connlimit-daddr"] }),
    flag("connlimit-daddr", { excludes: ["connlimit-saddr"] }),
  ],
  check: (options) => {
    if (!options.has("connlimit-daddr")) options.set("connlimit-saddr", { inverted: false, values: [] });
  },
  lower: (options, { family }): readonly Match[] => {
    const above = options.has("connlimit-above");
    return [
      {
        kind: "connlimit",
        inverted: !above,
        above: Number(first(options, above ? "connlimit-above" : "connlimit-upto")),
        mask: Number(first(options, "connlimit-mask", String(full(family)))),
        side: options.has("connlimit-daddr") ? "destination" : "source",
      },
    ];
  },
});

const byteRange: Kind = {
  what: "FROM[:TO]",
  read: (word) => {
    const [low = "", high, ...more] = word.split(":");
    if (more.length > 0) throw new Refusal(`"${word}" has too many parts`, "FROM[:TO]");
    const from = low === "" ? 0n : whole(low, 0, U64, "a number");
    if (high === undefined || high === "") return String(from);
    const to = whole(high, 0, U64, "a number");
    if (to === U64) return String(from);
    if (from > to) throw new Refusal(`range "${word}" runs backwards`, "the smaller number first");
    return `${from}:${to}`;
  },
};

const connbytes = match("connbytes", {
  options: [
    invertible("connbytes", byteRange, { required: true }),
    option("connbytes-mode", oneOf(["packets", "bytes", "avgpkt"]), { required: true }),
    option("connbytes-dir", oneOf(["original", "reply", "both"]), { required: true }),
  ],
  // `!` is kept as a range that runs backwards, which one that holds a single number cannot.
  check: (options) => {
    const [value = ""] = options.get("connbytes")?.values ?? [];
    const [from, to] = value.split(":");
    const single = from === to || value === String(U64);
    // A range up to 0 has no end.
    if (single) options.set("connbytes", { inverted: false, values: [value === "0:0" ? "0" : value] });
  },
});

const label: Kind = {
  what: "the number of a label, 0 to 127",
  quoted: "always",
  read: (word) => String(whole(word, 0, 127, "the number of a label")),
};

const connlabel = match("connlabel", {
  options: [invertible("label", label, { required: true }), flag("set")],
});

const helper = match("helper", { options: [invertible("helper", text(29, true, 0), { required: true })] });

const zone: Kind = {
  what: "a zone, 0 to 65535, or mark",
  read: (word) => (word === "mark" ? word : String(whole(word, 0, U16, "a zone"))),
};

const events = (names: readonly string[]): Kind => ({
  what: `a list of ${names.join(", ")}`,
  read: (word) => {
    const wanted = word.split(",");
    for (const each of wanted)
      if (!names.includes(each)) throw new Refusal(`"${each}" is not an event`, names.join(", "));
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

const isZero = (given: Given): boolean => given.values[0] === "0";

/** The kernel tells no more of the name: it counts the size of an older struct (xt_CT.c, usersize). */
const timeoutShown = (name: string): string => Buffer.from(name).subarray(0, 4).toString();

const isEmpty = (given: Given): boolean => given.values[0] === "";

const CT = target("CT", {
  tables: ["raw"],
  options: [
    flag("notrack"),
    option("helper", text(15, false, 0), { silent: isEmpty }),
    option("timeout", { ...text(31, false, 0), shown: timeoutShown }, { silent: isEmpty }),
    option("ctevents", events(CT_EVENTS)),
    option("expevents", events(["new"])),
    ...ZONES.map((name) => option(name, zone, { silent: isZero })),
  ],
  // All three set the one zone: the last counts, and a direction stays.
  check: (options) => {
    const given = [...options.keys()].filter((name) => ZONES.some((each) => each === name));
    const last = options.get(given.at(-1) ?? "");
    if (given.length < 2 || !last) return;
    for (const name of given) options.set(name, last);
    if (given.some((name) => name !== "zone")) options.delete("zone");
    if (!options.has("zone-orig") || !options.has("zone-reply")) return;
    // Both directions are no direction.
    options.delete("zone-orig");
    options.delete("zone-reply");
    options.set("zone", last);
  },
  act: ct,
});

const NOTRACK = target("NOTRACK", {
  tables: ["raw"],
  act: () => ({ kind: "notrack" }),
});

const CONNSECMARK = target("CONNSECMARK", {
  tables: ["mangle", "security"],
  oneOf: ["save", "restore"],
  options: [flag("save", { excludes: ["restore"] }), flag("restore", { excludes: ["save"] })],
  act: note("CONNSECMARK"),
});

const SECMARK = target("SECMARK", {
  tables: ["mangle", "security"],
  options: [option("selctx", text(255, false), { required: true })],
  act: note("SECMARK"),
});

const SYNPROXY = target("SYNPROXY", {
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

export const TRACK_EXTENSIONS: readonly Extension[] = [
  connlimit,
  connbytes,
  connlabel,
  helper,
  CT,
  NOTRACK,
  CONNSECMARK,
  SECMARK,
  SYNPROXY,
];
