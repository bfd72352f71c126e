import { prefix } from "../../values/address/prefix";
import { number, U8, U16 } from "../../values/number";
import type { ValueType } from "../../values/value-type";
import { invertible, match } from "../declare";
import type { ParsedOption } from "../extension";

const COMPARED = ["hdr-len", "segs-left", "last-entry"];

const TESTS = ["eq", "gt", "lt"];

/** The three tests of a field share one number: that of the last test (libip6t_srh.c). */
function shareNumbers(options: Map<string, ParsedOption>): void {
  for (const field of COMPARED) {
    const names = TESTS.map((test) => `srh-${field}-${test}`);
    const given = [...options].filter(([name]) => names.includes(name));
    const values = given.at(-1)?.[1].values ?? [];
    for (const [name, { inverted }] of given) options.set(name, { inverted, values });
  }
}

const network = prefix({ cut: false, full: true, host: true });

/**
 * iptables prints the length of a mask with holes, -1, as an unsigned number (libip6t_srh.c,
 * xtables_ip6mask_to_cidr).
 */
const segment: ValueType = {
  ...network,
  print: (value) => value.replace(/\/.*:.*$/, "/4294967295"),
};

/** Matches the segment routing header of IPv6 (ip6t_srh.c). */
export const srh = match("srh", {
  families: ["ipv6"],
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
