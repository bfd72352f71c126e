import fc from "fast-check";
import { parseRuleset } from "../iptables";
import type { Host, Packet } from "../model";
import { traversalToJson } from "./report/json";
import { traverse } from "./traverse";

const address = fc.constantFrom("10.0.0.1", "10.0.0.2", "172.30.0.1", "172.30.0.2", "192.168.7.9");
const port = fc.constantFrom(80, 443, 8080, 53);
const protocol = fc.constantFrom("tcp", "udp");

/** Conditions that the index uses, conditions that it ignores, and conditions with a counter. */
const condition = fc.oneof(
  fc
    .tuple(fc.constantFrom("", "! "), fc.constantFrom("-s", "-d"), address, fc.constantFrom("/32", "/24", ""))
    .map((parts) => `${parts[0]}${parts[1]} ${parts[2]}${parts[3]}`),
  fc
    .tuple(protocol, fc.constantFrom("", "! "), fc.constantFrom("--dport", "--sport"), port)
    .map(([name, not, side, number]) => `-p ${name} -m ${name} ${not}${side} ${number}`),
  fc.tuple(protocol, port, port).map(([name, a, b]) => `-p ${name} -m multiport --dports ${a},${b}`),
);
const charged = fc.constantFrom(
  "",
  "",
  "-m statistic --mode nth --every 3 --packet 1",
  "-m mark --mark 0x1/0x1",
  "-m statistic --mode random --probability 0.5",
  "-m conntrack --ctstate NEW",
);
const target = fc.constantFrom("ACCEPT", "DROP", "RETURN", "USER", "MARK --set-xmark 0x1/0x1", "LOG");
// The condition with a counter is before or after the ports. The index must not skip a rule whose counter would change.
const rule = fc.tuple(condition, charged, fc.boolean(), target).map(([first, charge, before, jump]) => {
  const protocolPart = /^-p \w+ /.exec(first)?.[0] ?? "";
  const rest = first.slice(protocolPart.length);
  const matches = protocolPart !== "" && before ? `${charge} ${rest}` : `${rest} ${charge}`;
  return `${protocolPart}${matches} -j ${jump}`.replace(/ +/g, " ").trim();
});

const dump = fc
  .tuple(fc.array(rule, { minLength: 24, maxLength: 60 }), fc.array(rule, { minLength: 0, maxLength: 40 }))
  .map(([forward, user]) =>
    [
      "*filter",
      ":INPUT ACCEPT [0:0]",
      ":FORWARD DROP [0:0]",
      ":OUTPUT ACCEPT [0:0]",
      ":USER - [0:0]",
      ...forward.map((text) => `-A FORWARD ${text}`),
      ...user.map((text) => `-A USER ${text.replace("-j USER", "-j RETURN")}`),
      "COMMIT",
      "",
    ].join("\n"),
  );

const packet: fc.Arbitrary<Packet> = fc
  .record({ src: address, dst: address, protocol, sport: port, dport: port })
  .map((header) => ({ family: "ipv4", ...header, ttl: 64, tos: 0, length: 60, mark: 0 }));

const hostOf = (text: string): Host => ({
  place: "router",
  rulesets: [parseRuleset(text, { family: "ipv4" })],
  links: [],
  routes: [{ family: "ipv4", destination: "0.0.0.0/0", type: "unicast", table: "main", dev: "out0" }],
  sysctls: { "net.ipv4.ip_forward": "1" },
});

test("the index does not change the path, nor the rules that did not match and their reasons", () => {
  fc.assert(
    fc.property(dump, packet, (text, sent) => {
      const host = hostOf(text);
      const [indexed, plain] = [true, false].map((how) => {
        const traversal = traverse(host, sent, { from: { in: "in0" }, indexed: how });
        const tried = traversal.outcomes.map(({ steps }) =>
          steps.map((step) =>
            "unmatched" in step ? step.unmatched.map(({ rule: { line }, reason }) => [line, reason]) : [],
          ),
        );
        return { ...traversalToJson(traversal), tried };
      });
      expect(indexed).toEqual(plain);
    }),
    { numRuns: 150 },
  );
});

test("the probabilities of all outcomes add up to exactly one", () => {
  fc.assert(
    fc.property(dump, packet, (text, sent) => {
      const { outcomes } = traverse(hostOf(text), sent, { from: { in: "in0" } });
      let [sum, by] = [0n, 1n];
      for (const { probability } of outcomes) {
        sum = sum * probability.denominator + probability.numerator * by;
        by *= probability.denominator;
      }
      expect(sum).toBe(by);
    }),
    { numRuns: 60 },
  );
});
