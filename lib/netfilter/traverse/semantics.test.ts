import { all, hit, host, LOCAL, one, packet, rulesOf, via } from "../../../test/netfilter/router";
import { nextOf, replyTo } from "../conntrack/reply";
import { parseRuleset } from "../iptables";
import type { HostOutcome } from ".";
import { LINUX, type Semantics } from "./semantics";

/** What Linux does, and what somebody predicts who believes in other semantics. */
const both = <T>(belief: Partial<Semantics>, run: (semantics: Semantics) => T): { linux: T; belief: T } => ({
  linux: run(LINUX),
  belief: run({ ...LINUX, ...belief }),
});

describe("beliefs about netfilter, each of which changes one decision", () => {
  test('"INPUT sees forwarded packets": its DROP would stop a packet that Linux forwards', () => {
    const firewall = host(["-A INPUT -p tcp -m tcp --dport 22 -j DROP"]);
    const sent = packet("tcp 10.1.0.9:1000 10.2.0.9:22");
    const hooks = { ...LINUX.hooks, forwarded: ["INPUT", "FORWARD"] as const };
    expect(both({ hooks }, (semantics) => one(firewall, sent, via("d0"), { semantics }).verdict)).toEqual({
      linux: "accept",
      belief: "drop",
    });
  });

  test('"the last matching rule wins": an exception before a general DROP would be useless', () => {
    const firewall = host(["-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT", "-A FORWARD -j DROP"]);
    const sent = packet("tcp 10.1.0.9:1000 10.2.0.9:80");
    const run = (semantics: Semantics): unknown => {
      const outcome = one(firewall, sent, via("d0"), { semantics });
      return [outcome.verdict, rulesOf(outcome)];
    };
    expect(both({ decidingRule: "last" }, run)).toEqual({
      linux: ["accept", ["-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT"]],
      belief: ["drop", ["-A FORWARD -j DROP"]],
    });
  });

  test('"every packet consults nat": a changed rule would move connections that are already open', () => {
    const nat = (server: string): string =>
      `nat: -A PREROUTING -d 10.1.0.1 -j DNAT --to-destination ${server}`;
    const sent = packet("tcp 10.1.0.9:1000 10.1.0.1:80");
    const run = (semantics: Semantics): unknown => {
      const first = one(host([nat("10.2.0.9")]), sent, via("d0"), { semantics });
      const reply = one(host([nat("10.2.0.9")]), replyTo(first.packet) ?? sent, via("d1"), {
        semantics,
        state: first.state,
      });
      const second = one(host([nat("10.2.0.8")]), nextOf(sent), via("d0"), { semantics, state: reply.state });
      return [first.packet.dst, reply.packet.src, second.packet.dst];
    };
    expect(both({ natConsultedBy: "everyPacket" }, run)).toEqual({
      linux: ["10.2.0.9", "10.1.0.1", "10.2.0.9"],
      belief: ["10.2.0.9", "10.1.0.1", "10.2.0.8"],
    });
  });

  test('"RETURN accepts": the rules after the jump would not be evaluated', () => {
    const firewall = host(["-A FORWARD -j U1", "-A FORWARD -j DROP", "-A U1 -s 10.1.0.9 -j RETURN"]);
    const sent = packet("udp 10.1.0.9:1000 10.2.0.9:53");
    const run = (semantics: Semantics): unknown => one(firewall, sent, via("d0"), { semantics }).verdict;
    expect(both({ returnMeans: "accept" }, run)).toEqual({ linux: "drop", belief: "accept" });
  });

  test('"FORWARD sees the destination before DNAT": a rule for the public port would match', () => {
    const published = host([
      "nat: -A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.2.0.9:80",
      "-A FORWARD -d 10.1.0.1/32 -p tcp -m tcp --dport 8080 -j DROP",
    ]);
    const sent = packet("tcp 10.1.0.9:1000 10.1.0.1:8080");
    const run = (semantics: Semantics): unknown => {
      const outcome = one(published, sent, via("d0"), { semantics });
      return [outcome.verdict, hit(outcome, "-j DROP")];
    };
    expect(both({ destinationChangesIn: "POSTROUTING" }, run)).toEqual({
      linux: ["accept", false],
      belief: ["drop", true],
    });
  });
});

describe("the other decisions", () => {
  test("a packet that FORWARD accepted leaves with its translated destination, whatever FORWARD saw", () => {
    const published = host([
      "nat: -A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.2.0.9:80",
      "-A FORWARD -d 10.1.0.1/32 -j ACCEPT",
      "-A FORWARD -j DROP",
    ]);
    const semantics: Semantics = { ...LINUX, destinationChangesIn: "POSTROUTING" };
    const outcome = one(published, packet("tcp 10.1.0.9:1000 10.1.0.1:8080"), via("d0"), { semantics });
    expect(outcome).toMatchObject({ verdict: "accept", packet: { dst: "10.2.0.9", dport: 80 } });
  });

  test("the order of base chains: filter before nat sees untranslated packets of this host", () => {
    const on = host([
      "nat: -A OUTPUT -p udp -j DNAT --to-destination 10.2.0.9",
      "filter: -A OUTPUT -d 8.8.8.8/32 -j DROP",
    ]);
    const sent = packet("udp 10.1.0.1:1000 8.8.8.8:53");
    const priority: Semantics["priority"] = (chain) =>
      chain.table === "filter" ? -110 : LINUX.priority(chain);
    expect(both({ priority }, (semantics) => one(on, sent, LOCAL, { semantics }).verdict)).toEqual({
      linux: "accept",
      belief: "drop",
    });
  });

  test("without translation back, the client gets the reply from the server's own address", () => {
    const on = host(["nat: -A PREROUTING -d 10.1.0.1 -j DNAT --to-destination 10.2.0.9"]);
    const run = (semantics: Semantics): string => {
      const first = one(on, packet("udp 10.1.0.9:1 10.1.0.1:53"), via("d0"), { semantics });
      const reply = replyTo(first.packet) ?? first.packet;
      return one(on, reply, via("d1"), { semantics, state: first.state }).packet.src;
    };
    expect(both({ repliesTranslatedBack: false }, run)).toEqual({ linux: "10.1.0.1", belief: "10.2.0.9" });
  });

  test("a policy that applies at the end of every chain drops what a user-defined chain does not decide", () => {
    const text =
      "*filter\n:FORWARD DROP [0:0]\n:U1 - [0:0]\n-A FORWARD -j U1\n-A FORWARD -j ACCEPT\n-A U1 -s 192.0.2.1/32 -j ACCEPT\nCOMMIT\n";
    const strict = host([], { rulesets: [parseRuleset(text, { family: "ipv4" })] });
    const sent = packet("udp 10.1.0.9:1 10.2.0.9:53");
    const run = (semantics: Semantics): string => one(strict, sent, via("d0"), { semantics }).verdict;
    expect(both({ policyAppliesAtEndOf: "everyChain" }, run)).toEqual({ linux: "accept", belief: "drop" });
  });

  test("if the last rule decides, targets without a verdict still run in order", () => {
    const on = host([
      "mangle: -A PREROUTING -j ACCEPT",
      "mangle: -A PREROUTING -j MARK --set-xmark 0x1/0x1",
      "mangle: -A PREROUTING -p tcp -j DROP",
    ]);
    const semantics: Semantics = { ...LINUX, decidingRule: "last" };
    const marks: readonly HostOutcome[] = all(on, packet("udp 10.1.0.9:1 10.2.0.9:53"), via("d0"), {
      semantics,
    });
    expect(marks.map(({ verdict, packet: { mark } }) => [verdict, mark])).toEqual([["accept", 1]]);
  });
});
