import { performance } from "node:perf_hooks";
import { parseRuleset } from "../../lib/netfilter/iptables";
import { deadRules } from "../../lib/netfilter/questions";

const RULES = 5_000;

const octets = (number: number): string => `${number >> 8}.${number & 255}`;

/** Chains of rules that do not cover each other, so that each rule must be compared with all earlier ones. */
const chains: Readonly<Record<string, (index: number) => string>> = {
  addresses: (index) => `-s 10.${octets(index)}.1/32`,
  "port ranges": (index) => `-p tcp -m tcp --dport ${1 + 10 * index}:${60 + 10 * index}`,
  marks: (index) => `-m mark --mark ${index + 1}`,
  "several conditions": (index) =>
    `-s 10.0.0.0/8 -d 172.16.${octets(index)}/32 -i eth0 -p tcp -m tcp --dport 80 -m comment --comment ${index}`,
};

/** Measures `deadRules` on chains of 5,000 rules. */
export function* benchDead(): Iterable<{ readonly name: string; readonly ms: number }> {
  for (const [name, conditions] of Object.entries(chains)) {
    const lines = Array.from({ length: RULES }, (_, index) => `-A FORWARD ${conditions(index)} -j DROP`);
    const rules = parseRuleset(["*filter", ":FORWARD ACCEPT [0:0]", ...lines, "COMMIT", ""].join("\n"), {
      family: "ipv4",
    });
    const started = performance.now();
    const found = deadRules(rules);
    if (found.length > 0) throw new Error(`${name}: no rule is dead, but ${found.length} were found`);
    yield { name, ms: performance.now() - started };
  }
}
