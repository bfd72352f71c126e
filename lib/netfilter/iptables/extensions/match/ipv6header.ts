import { protocolNumber } from "../../../model/protocols";
import { coversAll, list, number, numberRange, readNumber, U8, U16, U32 } from "../../values/numbers";
import { prefix, readAddress } from "../../values/prefix";
import {
  type Extension,
  flag,
  type Given,
  invertible,
  type Kind,
  match,
  option,
  Refusal,
  target,
} from "../declare";

const ONLY = ["ipv6"] as const;

const spi = invertible("ahspi", numberRange(U32), { silent: coversAll(U32) });

const ah = match("ah", {
  families: ONLY,
  options: [
    spi,
    invertible("ahlen", number(0, U32), { silent: (given) => !given.inverted && given.values[0] === "0" }),
    flag("ahres"),
  ],
});

const frag = match("frag", {
  families: ONLY,
  options: [
    invertible("fragid", numberRange(U32), { silent: coversAll(U32) }),
    invertible("fraglen", number(0, U32)),
    flag("fragres"),
    flag("fragfirst"),
    flag("fragmore", { excludes: ["fraglast"] }),
    flag("fraglast", { excludes: ["fragmore"] }),
  ],
});

/** Most options of a header that the kernel's struct holds. */
const MOST_OPTIONS = 16;

/** The last eight bits of a number count (libip6t_hbh.c, parse_opts_num). */
function byte(word: string, what: string): number {
  const value = readNumber(word.replace(/^-(?=\d)/, ""));
  if (value === undefined) throw new Refusal(`"${word}" is not ${what}`, `${what}, 0 to ${U8}`);
  return Number(BigInt.asUintN(8, word.startsWith("-") ? -value : value));
}

const headerOptions: Kind = list(
  {
    what: "TYPE[:LENGTH]",
    read: (word) => {
      const [type = "", size, ...more] = word.split(":");
      const shown = byte(type, "an option's type");
      if (more.length > 0) throw new Refusal(`"${word}" has too many parts`, "TYPE[:LENGTH]");
      if (shown === 0 && size !== undefined)
        throw new Refusal(`option "${word}" has a length`, "0 by itself: Pad1 has none");
      const length = size === undefined ? U8 : byte(size, "an option's length");
      // 255 stands for any length (libip6t_hbh.c).
      return length === U8 ? String(shown) : `${shown}:${length}`;
    },
  },
  MOST_OPTIONS,
);

const extensionHeader = (name: "hbh" | "dst"): Extension =>
  match(name, {
    families: ONLY,
    options: [invertible(`${name}-len`, number(0, U32)), option(`${name}-opts`, headerOptions)],
  });

const rt = match("rt", {
  families: ONLY,
  options: [
    invertible("rt-type", number(0, U32)),
    invertible("rt-segsleft", numberRange(U32), { silent: coversAll(U32) }),
    invertible("rt-len", number(0, U32)),
    flag("rt-0-res"),
    option("rt-0-addrs", {
      what: "addresses with commas",
      read: (word, context) =>
        word
          .split(",")
          .map((each) => readAddress(each, context))
          .join(","),
    }),
    flag("rt-0-not-strict"),
  ],
  check: (options) => {
    const order = [...options.keys()];
    for (const name of ["rt-0-res", "rt-0-addrs", "rt-0-not-strict"])
      if (options.has(name) && order.indexOf("rt-type") > order.indexOf(name))
        throw new Refusal(`--${name} before --rt-type`, "--rt-type 0 before it");
    if (options.has("rt-0-not-strict") && !options.has("rt-0-addrs"))
      throw new Refusal("--rt-0-not-strict without addresses", "--rt-0-addrs before it");
    for (const name of ["rt-0-res", "rt-0-addrs", "rt-0-not-strict"])
      if (
        options.has(name) &&
        (options.get("rt-type")?.values[0] !== "0" || options.get("rt-type")?.inverted)
      )
        throw new Refusal(`--${name} is about routing headers of type 0`, "--rt-type 0 before it");
  },
});

const MH_TYPES = [
  "binding-refresh-request",
  "home-test-init",
  "careof-test-init",
  "home-test",
  "careof-test",
  "binding-update",
  "binding-acknowledgement",
  "binding-error",
];

const MH_ALIASES: Readonly<Record<string, number>> = {
  brr: 0,
  hoti: 1,
  coti: 2,
  hot: 3,
  cot: 4,
  bu: 5,
  ba: 6,
  be: 7,
};

function mhType(word: string): number {
  const lower = word.toLowerCase();
  const known = MH_ALIASES[lower] ?? MH_TYPES.indexOf(lower);
  if (known >= 0) return known;
  const shortened = [...MH_TYPES, ...Object.keys(MH_ALIASES)].filter((each) => each.startsWith(lower));
  const [only] = shortened;
  if (shortened.length === 1 && only !== undefined) return MH_ALIASES[only] ?? MH_TYPES.indexOf(only);
  const value = readNumber(word);
  if (value === undefined || value > 255n)
    throw new Refusal(`"${word}" is not a mobility header's type`, MH_TYPES.join(", "));
  return Number(value);
}

const mhRange: Kind = {
  what: "a mobility header's type or a range FROM:TO",
  read: (word) => {
    const [low = "", high, ...more] = word.split(":");
    if (more.length > 0) throw new Refusal(`"${word}" has too many parts`, "FROM:TO");
    if (high === undefined) return String(mhType(low));
    const from = low === "" ? 0 : mhType(low);
    const to = high === "" ? 255 : mhType(high);
    if (from > to) throw new Refusal(`range "${word}" runs backwards`, "the smaller type first");
    return from === to ? String(from) : `${from}:${to}`;
  },
};

const mh = match("mh", {
  families: ONLY,
  protocols: [135],
  options: [invertible("mh-type", mhRange, { silent: coversAll(U8) })],
});

const HEADERS: readonly (readonly [string, string, number])[] = [
  ["hop-by-hop", "hop", 0x80],
  ["ipv6-opts", "dst", 0x40],
  ["ipv6-route", "route", 0x20],
  ["ipv6-frag", "frag", 0x10],
  ["ah", "auth", 0x08],
  ["esp", "esp", 0x04],
  ["ipv6-nonxt", "none", 0x02],
  ["protocol", "prot", 0x01],
];

const HEADER_NUMBERS: Readonly<Record<number, string>> = {
  0: "hop-by-hop",
  60: "ipv6-opts",
  43: "ipv6-route",
  44: "ipv6-frag",
  51: "ah",
  50: "esp",
  59: "ipv6-nonxt",
  255: "protocol",
};

const headerList: Kind = {
  what: "headers such as hop-by-hop,dst,route,frag,auth,esp,none,prot",
  read: (word) => {
    const wanted = new Set<string>();
    for (const each of word.split(",")) {
      if (each === "" && word !== "") continue;
      const known = HEADERS.find(([long, short]) => each === long || each === short);
      const value = /^(?:0|[1-9]\d*)$/.test(each)
        ? Number(each)
        : each === "all"
          ? undefined
          : protocolNumber(each);
      const name = known?.[0] ?? (value === undefined ? undefined : HEADER_NUMBERS[value]);
      if (name === undefined)
        throw new Refusal(`"${each}" is not a header`, HEADERS.map(([, short]) => short).join(", "));
      wanted.add(name);
    }
    if (wanted.size === 0) throw new Refusal(`"${word}" names no header`, "one header or several");
    return HEADERS.filter(([long]) => wanted.has(long))
      .map(([long]) => long)
      .join(",");
  },
};

const ipv6header = match("ipv6header", {
  families: ONLY,
  options: [invertible("header", headerList, { required: true }), flag("soft")],
});

const eui64 = match("eui64", { families: ONLY, hooks: ["PREROUTING", "INPUT", "FORWARD"] });

const COMPARED = ["hdr-len", "segs-left", "last-entry"];
const TESTS = ["eq", "gt", "lt"];

/** The three tests of a field share one number: the last that is given counts for all (libip6t_srh.c). */
function shareNumbers(options: Map<string, Given>): void {
  for (const field of COMPARED) {
    const names = TESTS.map((test) => `srh-${field}-${test}`);
    const given = [...options].filter(([name]) => names.includes(name));
    const values = given.at(-1)?.[1].values ?? [];
    for (const [name, { inverted }] of given) options.set(name, { inverted, values });
  }
}

const segment = prefix({ cut: false, full: true });

const srh = match("srh", {
  families: ONLY,
  options: [
    invertible("srh-next-hdr", number(0, U8)),
    ...COMPARED.flatMap((field) => TESTS.map((test) => invertible(`srh-${field}-${test}`, number(0, U8)))),
    invertible("srh-tag", number(0, U16)),
    invertible("srh-psid", segment),
    invertible("srh-nsid", segment),
    invertible("srh-lsid", segment),
  ],
  check: shareNumbers,
});

/** A prefix of at most 64 bits with nothing set behind it. */
const mapped: Kind = {
  what: "PREFIX/LENGTH",
  read: (word, context) => {
    const given = segment.read(word, context);
    const length = Number(given.split("/")[1]);
    if (!(length <= 64)) throw new Refusal(`prefix "${word}" is too long`, "at most /64");
    if (prefix().read(word, context) !== given)
      throw new Refusal(`"${word}" has bits behind its prefix`, prefix().read(word, context));
    return given;
  },
};

const isAll = ({ values: [value] }: Given): boolean => value === "::/0";

const npt = (name: "SNPT" | "DNPT", hooks: readonly string[]): Extension =>
  target(name, {
    families: ONLY,
    tables: ["mangle"],
    hooks,
    options: ["src-pfx", "dst-pfx"].map((each) => option(each, mapped, { required: true, silent: isAll })),
  });

export const IPV6_EXTENSIONS: readonly Extension[] = [
  ah,
  frag,
  extensionHeader("hbh"),
  extensionHeader("dst"),
  rt,
  mh,
  ipv6header,
  eui64,
  srh,
  npt("SNPT", ["INPUT", "POSTROUTING"]),
  npt("DNPT", ["PREROUTING", "OUTPUT"]),
];
