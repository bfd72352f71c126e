import fc from "fast-check";
import { ipv4, ipv6 } from "../../../test/fuzz/generate/pool";
import { rules } from "../../../test/fuzz/generate/rules";
import { parseRuleset } from "../iptables";
import type { Hook, Packet, Rule } from "../model";
import { why } from ".";

const STATES = ["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"] as const;

const packets = (family: "ipv4" | "ipv6"): fc.Arbitrary<Packet> => {
  const pool = family === "ipv4" ? ipv4 : ipv6;
  const common = {
    src: fc.constantFrom(...pool.local, ...pool.remote, ...pool.strange),
    dst: fc.constantFrom(...pool.local, ...pool.remote, ...pool.strange),
    ttl: fc.constantFrom(1, 64, 255),
    tos: fc.constantFrom(0, 16, 184),
    length: fc.integer({ min: 28, max: 1500 }),
    mark: fc.constantFrom(0, 1, 0x4000),
  };
  const port = fc.constantFrom(22, 53, 80, 8080, 40_000);
  return fc.oneof(
    fc.record({ ...common, sport: port, dport: port }).map((each) => ({ ...each, family, protocol: "udp" })),
    fc
      .record({
        ...common,
        sport: port,
        dport: port,
        tcpFlags: fc.constantFrom(["SYN" as const], ["ACK" as const]),
      })
      .map((each) => ({ ...each, family, protocol: "tcp" })),
    fc.record(common).map((each) => ({
      ...each,
      family,
      protocol: family === "ipv4" ? "icmp" : "ipv6-icmp",
      icmp: { type: family === "ipv4" ? 8 : 128, code: 0, id: 7 },
    })),
  );
};

const HOOKS: readonly Hook[] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];
const hookOf = (chain: string): Hook => HOOKS.find((hook) => hook === chain) ?? "FORWARD";

/** The generated rules of base chains, as the parser reads them. */
function parsed(
  family: "ipv4" | "ipv6",
  made: readonly { table: string; chain: string; text: string }[],
): readonly Rule[] {
  return made.flatMap(({ table, chain, text }) => {
    if (hookOf(chain) !== chain || / -[jg] U/.test(` ${text}`)) return [];
    const dump = `*${table}\n:${chain} ACCEPT [0:0]\n-A ${chain} ${text}\nCOMMIT\n`;
    const chains = [...parseRuleset(dump, { family, tolerant: true }).tables.values()].flatMap((each) => [
      ...each.chains.values(),
    ]);
    return chains.flatMap((each) => each.rules);
  });
}

test.each(["ipv4", "ipv6"] as const)(
  "%s: a rule that does not match gives a reason, and no longer fails with the suggested change",
  (family) => {
    let changed = 0;
    fc.assert(
      fc.property(
        rules(family === "ipv4" ? ipv4 : ipv6),
        packets(family),
        fc.constantFrom(...STATES),
        ({ rules: made }, packet, state) => {
          for (const rule of parsed(family, made)) {
            const hook = hookOf(/^-A (\S+)/.exec(rule.text)?.[1] ?? "");
            const { answer, reason, change } = why(rule, packet, { hook, state });
            expect(reason).not.toBe("");
            if (answer !== "does not match" || change === undefined) continue;
            const given = STATES.find((each) => each === change.state) ?? "NEW";
            const again = why(rule, change.packet, { hook, in: change.in, out: change.out, state: given });
            expect({ rule: rule.text, answer: again.answer }).not.toEqual({
              rule: rule.text,
              answer: "does not match",
            });
            changed += 1;
          }
        },
      ),
      { numRuns: 40 },
    );
    expect(changed).toBeGreaterThan(20);
  },
);
