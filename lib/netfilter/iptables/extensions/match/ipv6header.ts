import { protocolNumber } from "../../../model/protocols";
import { RuleSyntaxError } from "../../rule-syntax-error";
import type { ValueType } from "../../values/value-type";
import { flag, invertible, match } from "../declare";

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

const headerList: ValueType = {
  expected: "headers such as hop-by-hop,dst,route,frag,auth,esp,none,prot",
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
        throw new RuleSyntaxError(`"${each}" is not a header`, HEADERS.map(([, short]) => short).join(", "));
      wanted.add(name);
    }
    if (wanted.size === 0) throw new RuleSyntaxError(`"${word}" contains no header`, "at least one header");
    return HEADERS.filter(([long]) => wanted.has(long))
      .map(([long]) => long)
      .join(",");
  },
};

/** Matches the extension headers that an IPv6 packet has (ip6t_ipv6header.c). */
export const ipv6header = match("ipv6header", {
  families: ["ipv6"],
  options: [invertible("header", headerList, { required: true }), flag("soft")],
});
