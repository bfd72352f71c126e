import { all, hit, host, one, packet, via } from "../../../../test/netfilter/router";
import { parseRuleset } from "../../iptables";
import { trackingOf } from "./tracking";

// Measured on kernel 6.18: each rule alone in a new network namespace, loaded by iptables-nft-restore and
// iptables-legacy-restore (1.8.9, with the same result), then one UDP packet over lo, then nf_conntrack_count.

const needed = [
  "filter: -A INPUT -m conntrack --ctstate NEW -j ACCEPT",
  "filter: -A INPUT -m state --state NEW",
  "filter: -A INPUT -m connmark --mark 1",
  "filter: -A INPUT -p tcp -m connlimit --connlimit-above 3",
  "raw: -A PREROUTING -p tcp -m connlimit --connlimit-above 3",
  "filter: -A INPUT -m connbytes --connbytes 1: --connbytes-dir both --connbytes-mode packets",
  "filter: -A INPUT -m connlabel --label 1",
  "filter: -A INPUT -m helper --helper ftp",
  "filter: -A INPUT -m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 0x1",
  "mangle: -A PREROUTING -j CONNMARK --save-mark",
  "mangle: -A PREROUTING -j CONNSECMARK --save",
  "raw: -A PREROUTING -d 192.0.2.1 -j CT --zone 3",
  "raw: -A PREROUTING -d 192.0.2.1 -p tcp -j CT --helper ftp",
  "nat: -A PREROUTING -d 192.0.2.1 -j DNAT --to-destination 10.0.0.1",
  "nat: -A PREROUTING -d 192.0.2.1 -j REDIRECT",
  "nat: -A POSTROUTING -d 192.0.2.1 -j MASQUERADE",
  "nat: -A POSTROUTING -d 192.0.2.1 -j SNAT --to-source 10.0.0.1",
  "nat: -A PREROUTING -d 192.0.2.1 -j NETMAP --to 10.0.0.0/24",
  "filter: -A INPUT -d 192.0.2.1 -p tcp -j SYNPROXY --sack-perm",
];

const notNeeded = [
  "filter: -A INPUT -j ACCEPT",
  "nat: -A PREROUTING -j ACCEPT",
  "nat: -A PREROUTING -j LOG",
  "filter: -A INPUT -m recent --set --name a",
  "mangle: -A PREROUTING -m socket",
  "raw: -A PREROUTING -j CT --notrack",
  "raw: -A PREROUTING -j NOTRACK",
  "mangle: -A PREROUTING -p tcp -j TPROXY --on-port 1",
  "mangle: -A PREROUTING -j HMARK --hmark-mod 3 --hmark-offset 1 --hmark-tuple src --hmark-rnd 1",
  "mangle: -A PREROUTING -j TEE --gateway 10.0.0.1",
  "filter: -A INPUT -j REJECT",
  "filter: -A INPUT -m policy --dir in --pol none",
  "filter: -A INPUT -j NFQUEUE",
  "filter: -A INPUT -m hashlimit --hashlimit-above 1/hour --hashlimit-name x",
  "raw: -A PREROUTING -m rpfilter",
  'filter: -A INPUT -m comment --comment "-m conntrack -j DNAT"',
];

test.each(needed)("the kernel tracks connections because of %s", (rule) => {
  expect(trackingOf(host([rule]), "ipv4")).toEqual({ kind: "on" });
});

test.each(notNeeded)("the kernel does not track connections because of %s", (rule) => {
  expect(trackingOf(host([rule]), "ipv4")).toEqual({ kind: "off" });
});

test("a rule of one family does not switch tracking on for the other", () => {
  const ipv6 = parseRuleset("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m conntrack --ctstate NEW\nCOMMIT\n", {
    family: "ipv6",
  });
  const both = host([], { rulesets: [ipv6] });
  expect([trackingOf(both, "ipv4").kind, trackingOf(both, "ipv6").kind]).toEqual(["off", "on"]);
});

const sent = packet("udp 10.1.0.9:1 10.2.0.9:2");
const logs = "nat: -A PREROUTING -m comment --comment asked";

test("without a rule that needs conntrack, nat chains are not consulted and no connection is created", () => {
  const without = one(host([logs]), sent, via("d0"));
  expect([hit(without, "asked"), without.state.conntrack.connections()]).toEqual([false, []]);
  expect(without.steps.some(({ kind }) => kind === "conntrack")).toBe(false);
  const tracked = one(host([logs, "-A INPUT -m conntrack --ctstate NEW"]), sent, via("d0"));
  expect([hit(tracked, "asked"), tracked.state.conntrack.connections().length]).toEqual([true, 1]);
});

describe("rule sets that were not read", () => {
  const unread = { unread: ["table inet firewalld"] };
  const verdicts = (rules: readonly string[]): unknown =>
    all(host(rules, unread), sent, via("d0")).map(({ certain, dependsOn, steps }) => [
      certain,
      dependsOn,
      steps.some((step) => step.kind === "policy" && step.table === "nat"),
    ]);

  test("make tracking uncertain, and are named", () => {
    expect(verdicts([])).toEqual([
      [false, ["whether connections are tracked depends on table inet firewalld"], false],
    ]);
  });

  test("are followed both ways if there are nat chains", () => {
    expect(verdicts([logs])).toEqual([
      [false, ["connections are tracked, because of table inet firewalld"], true],
      [false, ["connections are not tracked: table inet firewalld does not need it"], false],
    ]);
  });

  test("do not matter if another rule needs conntrack", () => {
    expect(verdicts(["-A INPUT -m conntrack --ctstate NEW"])).toEqual([[true, [], false]]);
  });
});
