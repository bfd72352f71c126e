import { host, one, packet, via } from "../../../../../test/netfilter/router";
import { describeRule } from "../../../describe";
import { canonicalRule } from "../../canonical-rule";
import { parseRuleset } from "../../ruleset/parse-ruleset";

const print = (rule: string) =>
  canonicalRule({ family: "ipv4", variant: "nft", table: "filter", chain: "FORWARD", rule });

// Loaded with iptables-restore 1.8.9 and 1.8.11, and printed by iptables-save.
test.each([
  ["-p tcp -m multiport --dports 80,443,8000:8100", "-p tcp -m multiport --dports 80,443,8000:8100"],
  ["-p tcp -m multiport ! --source-ports 53", "-p tcp -m multiport ! --sports 53"],
  ["-p udp -m multiport --ports domain,ntp", "-p udp -m multiport --ports 53,123"],
])("%s is printed as iptables-save does", (rule, saved) => {
  expect(print(rule)).toEqual([saved]);
});

test.each([
  ["-m multiport --dports 80", "-m multiport needs a protocol"],
  ["-p icmp -m multiport --dports 80", "-m multiport needs a protocol"],
  ["-p tcp -m multiport --dports 80 --sports 1", "--sports and --dports cannot be used together"],
  ["-p tcp -m multiport --dports 90:80", 'port range "90:80" is empty'],
  ["-p tcp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14:15,16", "16 ports are too many"],
])("%s is refused, as by iptables-restore", (rule, message) => {
  expect(print(rule)).toEqual({ refused: expect.stringContaining(message) });
});

test("means a port in one of the ranges", () => {
  const text = "*filter\n-A FORWARD -p udp -m multiport --dports 53,5300:5400 -j DROP\nCOMMIT\n";
  const [rule] = parseRuleset(text).tables.get("filter")?.chains.get("FORWARD")?.rules ?? [];
  expect(rule?.matches[1]).toEqual({
    kind: "port",
    inverted: false,
    side: "destination",
    ports: [
      { from: 53, to: 53 },
      { from: 5300, to: 5400 },
    ],
  });
  expect(rule && describeRule(rule)).toBe("UDP to ports 53 or 5300 to 5400: drop it");
});

test.each([
  ["udp 10.1.0.9:1 10.2.0.9:53", "drop"],
  ["udp 10.1.0.9:1 10.2.0.9:5400", "drop"],
  ["udp 10.1.0.9:1 10.2.0.9:5401", "accept"],
  ["tcp 10.1.0.9:1 10.2.0.9:53", "accept"],
])("%s: %s", (text, verdict) => {
  const router = host(["-A FORWARD -p udp -m multiport --dports 53,5300:5400 -j DROP"]);
  expect(one(router, packet(text), via("d0")).verdict).toBe(verdict);
});

test("says why a packet did not match", () => {
  const router = host(["-A FORWARD -p udp -m multiport --dports 53,5300:5400 -j DROP"]);
  const { steps } = one(router, packet("udp 10.1.0.9:1 10.2.0.9:54"), via("d0"));
  const tried = steps.flatMap((step) => ("unmatched" in step ? (step.unmatched ?? []) : []));
  expect(tried.map(({ reason }) => reason)).toEqual(["destination port 54 is not 53,5300-5400"]);
});
