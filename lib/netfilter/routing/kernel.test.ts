// Compares policy rules and routes of all kinds with the kernel's results. See golden/README.md for their origin.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseJson } from "../../inspect/read/json";
import { parseLinks } from "../../inspect/read/links";
import { parsePolicyRules } from "../../inspect/read/policy-rules";
import { parseRoutes } from "../../inspect/read/routes";
import type { Host, Packet } from "../model";
import { type Entry, type HostOutcome, traverse } from "../traverse";

interface Answer {
  readonly ask: string;
  readonly error?: string;
  readonly dev?: string;
  readonly via?: string;
}
interface Case {
  readonly name: string;
  readonly named?: string;
  readonly strict?: boolean;
  readonly ignore?: string;
  /** Null: this tool does not support such a rule. */
  readonly rules?: readonly (string | null)[];
  readonly routes?: readonly string[];
  readonly links?: readonly object[];
  readonly answers: readonly Answer[];
}
const golden: { base: { links: readonly object[]; routes: readonly string[] }; cases: readonly Case[] } =
  JSON.parse(readFileSync(join(__dirname, "golden", "kernel.json"), "utf8"));

const printedBy = ["iproute2 6.1.0", "iproute2 6.15.0"];

function hostOf(each: Case, tool: number): Host {
  const routes = (each.routes ?? golden.base.routes)[tool];
  const rules = each.rules?.[tool];
  return {
    place: "router",
    rulesets: [],
    links: parseLinks(each.links ?? golden.base.links),
    routes: parseRoutes(parseJson(routes ?? "[]")),
    ...(rules === undefined || rules === null
      ? {}
      : { policyRules: parsePolicyRules(parseJson(rules), "ipv4") }),
    sysctls: {
      "net.ipv4.ip_forward": "1",
      ...(each.strict === true ? { "net.ipv4.conf.e0.rp_filter": "1" } : {}),
      ...(each.ignore === undefined
        ? {}
        : { [`net.ipv4.conf.${each.ignore}.ignore_routes_with_linkdown`]: "1" }),
    },
  };
}

/** The packet of the `ip route get` command. */
function asked(ask: string): { packet: Packet; from: Entry } {
  const [dst = "", ...words] = ask.split(" ");
  const word = (name: string): string | undefined => {
    const at = words.indexOf(name);
    return at < 0 ? undefined : words[at + 1];
  };
  const number = (name: string): number => Number(word(name) ?? 0);
  const iif = word("iif");
  const protocol = word("ipproto") ?? "254";
  return {
    packet: {
      family: "ipv4",
      src: word("from") ?? "",
      dst,
      protocol,
      ...(word("sport") === undefined ? {} : { sport: number("sport"), dport: number("dport") }),
      ...(protocol === "icmp" ? { icmp: { type: 8, code: 0 } } : {}),
      ttl: 64,
      tos: number("tos"),
      length: 60,
      mark: number("mark"),
      owner: { uid: number("uid") },
    },
    from: iif === undefined ? { local: true } : { in: iif },
  };
}

const went = ({ left, verdict }: HostOutcome, dst: string): string =>
  left === undefined
    ? verdict === "accept"
      ? "delivered"
      : "refused"
    : `${left.dev} ${left.nexthop === dst ? "" : left.nexthop}`;
const answered = ({ error, dev, via }: Answer): string =>
  error === undefined ? `${dev} ${via ?? ""}` : "refused";

describe.each(printedBy.map((name, tool) => ({ name, tool })))(
  "rules and routes printed by $name",
  ({ tool }) => {
    test.each(golden.cases.filter(({ rules }) => rules?.[tool] !== null))("$name", (each) => {
      const host = hostOf(each, tool);
      for (const answer of each.answers) {
        const { packet, from } = asked(answer.ask);
        const { outcomes } = traverse(host, packet, { from });
        const results = outcomes.map((outcome) => went(outcome, packet.dst));
        if (each.named === undefined) {
          expect([answer.ask, ...results]).toEqual([answer.ask, answered(answer)]);
          expect(outcomes[0]).toMatchObject({ certain: true, dependsOn: [] });
        } else {
          expect(results).toContain(answered(answer));
          for (const { certain, dependsOn } of outcomes)
            expect([certain, dependsOn.join("\n")]).toEqual([false, expect.stringContaining(each.named)]);
        }
      }
    });
  },
);
