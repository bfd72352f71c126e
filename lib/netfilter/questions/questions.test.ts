import { parseRuleset } from "../iptables";
import type { Packet, Rule, Ruleset } from "../model";
import { compareRulesets, deadRules, recognise, rulesUsed, why } from ".";

const filter = (...rules: string[]): Ruleset =>
  parseRuleset(
    [
      "*filter",
      ":INPUT ACCEPT [0:0]",
      ":FORWARD DROP [0:0]",
      ":OUTPUT ACCEPT [0:0]",
      ":USER - [0:0]",
      ...rules,
      "COMMIT",
      "",
    ].join("\n"),
    { family: "ipv4" },
  );
const ruleOf = (text: string): Rule => {
  const rule = filter(text).tables.get("filter")?.chains.get("FORWARD")?.rules[0];
  if (rule === undefined) throw new Error("no rule");
  return rule;
};
const packet: Packet = {
  family: "ipv4",
  src: "172.30.0.1",
  dst: "10.0.0.5",
  protocol: "tcp",
  sport: 40000,
  dport: 80,
  tcpFlags: ["SYN"],
  ttl: 64,
  tos: 0,
  length: 60,
  mark: 0,
};

describe("why", () => {
  test.each([
    [
      "-A FORWARD -s 172.17.0.0/16 -j ACCEPT",
      "source",
      "source 172.30.0.1 is not in 172.17.0.0/16",
      "src 172.17.0.1 instead of 172.30.0.1",
    ],
    [
      "-A FORWARD -p tcp -m tcp --dport 443 -j ACCEPT",
      "port",
      "destination port 80 is not 443",
      "dport 443 instead of 80",
    ],
    [
      "-A FORWARD -p udp -m udp --dport 80 -j ACCEPT",
      "protocol",
      "protocol tcp is not udp",
      "protocol udp instead of tcp",
    ],
    [
      "-A FORWARD ! -d 10.0.0.0/8 -j ACCEPT",
      "destination",
      "destination 10.0.0.5 is in 10.0.0.0/8",
      "dst 11.0.0.5 instead of 10.0.0.5",
    ],
    [
      "-A FORWARD -i docker0 -j ACCEPT",
      "inInterface",
      "incoming interface eth0 is not docker0",
      "in by docker0 instead of eth0",
    ],
    [
      "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
      "ctState",
      "connection state NEW is not",
      "state ESTABLISHED",
    ],
    [
      "-A FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT",
      "mark",
      "mark 0x0 is not 0x4000/0x4000",
      "mark 16384 instead of 0",
    ],
    [
      "-A FORWARD -p tcp -m multiport --dports 22,443,8000:8010 -j ACCEPT",
      "port",
      "destination port 80 is not 22,443,8000-8010",
      "dport 22 instead of 80",
    ],
    ["-A FORWARD -m ttl --ttl-lt 5 -j ACCEPT", "ttl", "TTL is 64", "ttl 4 instead of 64"],
  ])("%s", (text, failed, reason, change) => {
    const answer = why(ruleOf(text), packet);
    expect(answer.answer).toBe("does not match");
    expect(answer.failed?.kind).toBe(failed);
    expect(answer.reason).toContain(reason);
    expect(answer.change?.text).toContain(change);
    const again =
      answer.change === undefined
        ? undefined
        : why(ruleOf(text), answer.change.packet, {
            in: answer.change.in,
            state: answer.change.state === "ESTABLISHED" ? "ESTABLISHED" : "NEW",
          });
    expect(again?.answer).toBe("matches");
  });

  test("both of two failed conditions are changed", () => {
    const { failed, change } = why(
      ruleOf("-A FORWARD -s 10.1.0.0/16 -p tcp -m tcp --dport 22 -j ACCEPT"),
      packet,
    );
    expect(failed?.kind).toBe("source");
    expect(change?.text).toBe("src 10.1.0.1 instead of 172.30.0.1, dport 22 instead of 80");
  });

  test("the result of an opaque match is unknown", () => {
    expect(why(ruleOf("-A FORWARD -m string --string x --algo bm --to 65535 -j ACCEPT"), packet).answer).toBe(
      "unknown",
    );
  });
});

describe("rules that can never match", () => {
  const dead = (...rules: string[]): string[] =>
    deadRules(filter(...rules)).map(({ rule, reason }) => `${rule.text}: ${reason}`);
  test.each([
    [
      "after a rule that matches everything",
      ["-A FORWARD -j DROP", "-A FORWARD -s 10.0.0.1/32 -j ACCEPT"],
      1,
    ],
    [
      "after a wider network",
      ["-A FORWARD -s 10.0.0.0/8 -j ACCEPT", "-A FORWARD -s 10.1.0.0/16 -p tcp -j DROP"],
      1,
    ],
    [
      "after a wider port range",
      ["-A FORWARD -p tcp -m tcp --dport 1:100 -j ACCEPT", "-A FORWARD -p tcp -m tcp --dport 80 -j DROP"],
      1,
    ],
    ["after an interface pattern", ["-A FORWARD -i eth+ -j ACCEPT", "-A FORWARD -i eth0 -j DROP"], 1],
    [
      "after a superset of states",
      [
        "-A FORWARD -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT",
        "-A FORWARD -m conntrack --ctstate NEW -j DROP",
      ],
      1,
    ],
    ["in a chain that no rule calls", ["-A USER -j DROP"], 1],
    [
      "not dead: the first rule is random",
      ["-A FORWARD -m statistic --mode random --probability 0.5 -j DROP", "-A FORWARD -j ACCEPT"],
      0,
    ],
    [
      "not dead: the first rule is narrower",
      ["-A FORWARD -s 10.1.0.0/16 -j ACCEPT", "-A FORWARD -s 10.0.0.0/8 -j DROP"],
      0,
    ],
    ["not dead: the first rule does not end the chain", ["-A FORWARD -j LOG", "-A FORWARD -j DROP"], 0],
    [
      "not dead: both are negated, and the first is narrower",
      ["-A FORWARD ! -s 10.0.0.0/8 -j ACCEPT", "-A FORWARD ! -s 10.1.0.0/16 -j DROP"],
      0,
    ],
    [
      "after a negation that includes it",
      ["-A FORWARD ! -s 10.0.0.0/8 -j ACCEPT", "-A FORWARD -s 192.168.0.0/16 -j DROP"],
      1,
    ],
  ])("%s", (_name, rules, count) => {
    expect(dead(...rules)).toHaveLength(count);
  });
});

describe("comparing the behaviour of two rule sets", () => {
  test.each([
    [
      "equivalent rules",
      ["-A FORWARD -s 10.0.0.0/9 -j ACCEPT", "-A FORWARD -s 10.128.0.0/9 -j ACCEPT"],
      ["-A FORWARD -s 10.0.0.0/8 -j ACCEPT"],
      false,
    ],
    [
      "another order that matters",
      ["-A FORWARD -s 10.0.0.1/32 -j DROP", "-A FORWARD -s 10.0.0.0/8 -j ACCEPT"],
      ["-A FORWARD -s 10.0.0.0/8 -j ACCEPT", "-A FORWARD -s 10.0.0.1/32 -j DROP"],
      true,
    ],
    [
      "one more port",
      ["-A FORWARD -p tcp -m tcp --dport 80:90 -j ACCEPT"],
      ["-A FORWARD -p tcp -m tcp --dport 80:91 -j ACCEPT"],
      true,
    ],
    [
      "drop instead of reject",
      ["-A INPUT -p tcp -m tcp --dport 22 -j DROP"],
      ["-A INPUT -p tcp -m tcp --dport 22 -j REJECT"],
      true,
    ],
    [
      "another probability",
      ["-A FORWARD -m statistic --mode random --probability 0.5 -j ACCEPT"],
      ["-A FORWARD -m statistic --mode random --probability 0.25 -j ACCEPT"],
      true,
    ],
  ])("%s", (_name, first, second, differ) => {
    const comparison = compareRulesets(filter(...first), filter(...second));
    expect(comparison.kind).toBe(differ ? "different" : "no difference found");
  });
});

test("the rules that a set of packets used", () => {
  const host = {
    place: "router",
    rulesets: [filter("-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT", "-A FORWARD -p udp -j ACCEPT")],
    links: [],
    routes: [
      {
        family: "ipv4" as const,
        destination: "0.0.0.0/0",
        type: "unicast" as const,
        table: "main",
        dev: "eth1",
      },
    ],
    sysctls: { "net.ipv4.ip_forward": "1" },
  };
  const uses = rulesUsed(host, [{ packet, from: { in: "eth0" } }]);
  expect(uses.map(({ packets }) => packets.length)).toEqual([1, 0]);
});

test.each([
  ["DOCKER-USER", "Docker"],
  ["DOCKER-ISOLATION-STAGE-2", "Docker"],
  ["KUBE-SEP-RFW33Y6OHVBQ4W3M", "kube-proxy"],
  ["ufw-user-input", "ufw"],
  ["IN_public_allow", "firewalld"],
  ["FORWARD_direct", "firewalld"],
  ["ISTIO_REDIRECT", "Istio"],
  ["IN_home-office", "firewalld"],
  ["PRE_policy_allow-host-ipv6", "firewalld"],
  ["FORWARD_POLICIES_pre", "firewalld"],
  ["LIBVIRT_FWX", "libvirt"],
  ["KUBE-POD-FW-7WKXPVGWVYQCGWVD", "kube-router"],
  ["NETAVARK_FORWARD", "Podman"],
])("%s is a chain of %s", (chain, by) => {
  expect(recognise(chain)?.by).toBe(by);
  expect(recognise(chain)?.sentence).toMatch(/^[A-Z].*\.$/);
});

test.each(["MY-OWN", "OUT_OF_OFFICE", "IN_ALLOW_LOG", "input"])("%s is not recognised", (chain) => {
  expect(recognise(chain)).toBeUndefined();
});
