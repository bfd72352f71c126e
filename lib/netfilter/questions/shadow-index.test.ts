import fc from "fast-check";
import { parseRuleset } from "../iptables";
import type { Rule } from "../model";
import { conditionsOf, covers } from "./implication";
import { ShadowIndex } from "./shadow-index";

const rulesOf = (lines: readonly string[]): readonly Rule[] => {
  const text = [
    "*filter",
    ":FORWARD ACCEPT [0:0]",
    ...lines.map((line) => `-A FORWARD ${line}`),
    "COMMIT",
    "",
  ];
  return (
    parseRuleset(text.join("\n"), { family: "ipv4" }).tables.get("filter")?.chains.get("FORWARD")?.rules ?? []
  );
};

// Few values, so that many rules cover others.
const address = fc.constantFrom(
  "10.0.0.0/8",
  "10.1.0.0/16",
  "10.1.2.0/24",
  "10.1.2.3/32",
  "10.9.0.0/16",
  "0.0.0.0/0",
  "10.0.0.1/255.0.0.255",
);
const link = fc.constantFrom("eth0", "eth1", "eth+", "e+", "br-1", "+");
const ports = fc.constantFrom("80", "443", "80:90", "1:1000", "0:65535");
const not = fc.constantFrom("", "! ");
const some = (...options: readonly fc.Arbitrary<string>[]) =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constant("") },
    ...options.map((arbitrary) => ({ weight: 1, arbitrary })),
  );
const withValue = (name: string, value: fc.Arbitrary<string>) =>
  fc.tuple(not, value).map(([no, chosen]) => `${no}${name} ${chosen}`);
/** Moves the `!` of `! -m NAME --option` before the option. */
const moved = (text: string) => text.replace(/^! (-m \w+) /, "$1 ! ");
const protocol = some(
  withValue("-p", fc.constantFrom("tcp", "udp", "6", "sctp")),
  fc
    .tuple(fc.constantFrom("tcp", "udp"), not, fc.constantFrom("--sport", "--dport"), ports)
    .map(([name, no, side, value]) => `-p ${name} -m ${name} ${no}${side} ${value}`),
  fc.constantFrom("80,443", "443", "80:90,443").map((value) => `-p tcp -m multiport --dports ${value}`),
  fc.constantFrom("8", "8/0", "any").map((value) => `-p icmp -m icmp --icmp-type ${value}`),
);
const options = fc
  .tuple(
    some(withValue("-s", address)),
    some(withValue("-d", address)),
    some(withValue("-i", link)),
    some(withValue("-o", link)),
    protocol,
    some(
      fc.constantFrom("NEW", "NEW,ESTABLISHED", "INVALID").map((value) => `-m conntrack --ctstate ${value}`),
    ),
    some(fc.constantFrom("0x1/0x1", "0x3/0x3", "0x1").map((value) => `-m mark --mark ${value}`)),
    some(fc.constantFrom("LOCAL", "LOCAL,UNICAST").map((value) => `-m addrtype --dst-type ${value}`)),
    some(fc.constantFrom("10", "20").map((value) => `-m ttl --ttl-eq ${value}`)),
    some(withValue("-m length --length", fc.constantFrom("60", "60:100", "0:1500")).map(moved)),
    some(withValue("-m tos --tos", fc.constantFrom("0x10/0xff", "0x10/0x3f", "0x0/0x03")).map(moved)),
    some(fc.constantFrom("0x1/0x1", "0x3/0x3").map((value) => `-m connmark --mark ${value}`)),
    some(fc.constant("-m comment --comment why")),
  )
  .map((parts) => parts.filter((part) => part !== "").join(" "));

test("finds the same first rule as a comparison with every earlier rule", () => {
  let shadowed = 0;
  fc.assert(
    fc.property(fc.array(options, { minLength: 10, maxLength: 25 }), (lines) => {
      const rules = rulesOf(lines.map((each) => `${each} -j DROP`));
      const all = rules.map(conditionsOf);
      const index = new ShadowIndex();
      for (const [at, rule] of rules.entries()) {
        const conditions = all[at] ?? [];
        const expected = rules.slice(0, at).find((_, first) => covers(all[first] ?? [], conditions));
        expect(index.firstCovering(conditions)).toBe(expected);
        if (expected !== undefined) shadowed += 1;
        index.add(rule, conditions);
      }
    }),
    { numRuns: 100 },
  );
  expect(shadowed).toBeGreaterThan(100);
});
