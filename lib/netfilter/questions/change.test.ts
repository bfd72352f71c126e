import { parseRuleset } from "../iptables";
import type { Family, Packet, Rule } from "../model";
import { why } from ".";

const ruleOf = (options: string, family: Family = "ipv4", chain = "FORWARD"): Rule => {
  const text = `*mangle\n:${chain} ACCEPT [0:0]\n-A ${chain} ${options} -j ACCEPT\nCOMMIT\n`;
  const rule = parseRuleset(text, { family }).tables.get("mangle")?.chains.get(chain)?.rules[0];
  if (rule === undefined) throw new Error(`no rule: ${options}`);
  return rule;
};

const tcp: Packet = {
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
  macSrc: "02:00:00:00:00:01",
  pktType: "unicast",
  owner: { uid: 1000, gid: 1000, groups: [1000] },
};
const { tcpFlags: _flags, ...portsOnly } = tcp;
const udp: Packet = { ...portsOnly, protocol: "udp" };
const { sport: _sport, dport: _dport, ...bare } = portsOnly;
const ping: Packet = { ...bare, protocol: "icmp", icmp: { type: 8, code: 0, id: 7 } };
const six: Packet = { ...tcp, family: "ipv6", src: "fd00::1", dst: "fd00:1::5" };

/** Each rule does not match the packet; with the change, it does. The meaning of each option is that of iptables-extensions(8). */
test.each<[string, Packet, string]>([
  // Addresses: the host part stays, unless the address would be the network's own.
  ["-s 10.1.0.0/16", tcp, "src 10.1.0.1 instead of 172.30.0.1"],
  ["-s 10.0.0.0/8", tcp, "src 10.30.0.1 instead of 172.30.0.1"],
  ["-d 192.0.2.7/32", tcp, "dst 192.0.2.7 instead of 10.0.0.5"],
  ["-d 192.0.2.0/31", { ...tcp, dst: "10.0.0.4" }, "dst 192.0.2.0 instead of 10.0.0.4"],
  ["! -d 10.0.0.0/24", tcp, "dst 10.0.1.5 instead of 10.0.0.5"],
  ["! -s 172.30.0.1/32", tcp, "src 172.30.0.0 instead of 172.30.0.1"],
  ["-m iprange --src-range 10.3.0.5-10.3.0.9", tcp, "src 10.3.0.5 instead of 172.30.0.1"],
  ["-m iprange --dst-range 10.3.0.5-10.3.0.9", tcp, "dst 10.3.0.5 instead of 10.0.0.5"],
  // Devices: `+` is any suffix.
  ["-i docker0", tcp, "in by docker0 instead of eth0"],
  ["-i br-+", tcp, "in by br-0 instead of eth0"],
  ["! -i eth0", tcp, "in by eth1 instead of eth0"],
  ["-o veth+", tcp, "out by veth0 instead of eth1"],
  ["! -o eth1", tcp, "out by eth0 instead of eth1"],
  // Protocols.
  ["-p udp", tcp, "protocol udp instead of tcp"],
  ["-p icmp", tcp, "protocol icmp instead of tcp, sport none instead of 40000, dport none instead of 80"],
  ["-p gre", tcp, "protocol gre instead of tcp"],
  ["-p tcp", ping, "protocol tcp instead of icmp, sport 40000 instead of none, dport 80 instead of none"],
  ["! -p tcp", tcp, "protocol udp instead of tcp"],
  ["! -p udp", udp, "protocol tcp instead of udp"],
  // Ports: the nearest one of the ranges.
  ["-p tcp -m tcp --dport 443", tcp, "dport 443 instead of 80"],
  ["-p tcp -m tcp --sport 1024:2048", tcp, "sport 2048 instead of 40000"],
  ["-p tcp -m tcp ! --dport 80", tcp, "dport 81 instead of 80"],
  ["-p tcp -m tcp ! --dport 80:65535", tcp, "dport 79 instead of 80"],
  ["-p tcp -m multiport --dports 22,90,443", tcp, "dport 90 instead of 80"],
  ["-p udp -m udp --dport 53", ping, "dport 53 instead of none"],
  // TCP flags: --syn is SYN without ACK, RST and FIN.
  [
    "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN",
    { ...tcp, tcpFlags: ["ACK"] },
    "TCP flags SYN instead of ACK",
  ],
  ["-p tcp -m tcp --tcp-flags SYN,ACK SYN,ACK", tcp, "TCP flags SYN,ACK instead of SYN"],
  ["-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN", tcp, "TCP flags FIN,RST,ACK instead of SYN"],
  // ICMP.
  ["-p icmp -m icmp --icmp-type 3/1", ping, "type 3"],
  ["-p icmp -m icmp --icmp-type 13", ping, "type 13"],
  ["-p icmp -m icmp ! --icmp-type 8", ping, "type 13"],
  // conntrack.
  ["-m conntrack --ctstate RELATED,ESTABLISHED", tcp, "a connection in state ESTABLISHED instead of NEW"],
  ["-m conntrack ! --ctstate NEW", tcp, "a connection in state ESTABLISHED instead of NEW"],
  ["-m conntrack --ctstate UNTRACKED", tcp, "a connection in state UNTRACKED instead of NEW"],
  ["-m state --state INVALID", tcp, "a connection in state INVALID instead of NEW"],
  // Marks and fields of the header.
  ["-m mark --mark 0x4000/0x4000", { ...tcp, mark: 3 }, "mark 16387 instead of 3"],
  ["-m mark ! --mark 0x0", tcp, "mark 1 instead of 0"],
  ["-m ttl --ttl-lt 5", tcp, "ttl 4 instead of 64"],
  ["-m ttl --ttl-gt 100", tcp, "ttl 101 instead of 64"],
  ["-m ttl ! --ttl-eq 64", tcp, "ttl 65 instead of 64"],
  ["-m length --length 100:200", tcp, "length 100 instead of 60"],
  ["-m length ! --length 0:100", tcp, "length 101 instead of 60"],
  ["-m dscp --dscp 0x2e", tcp, "tos 184 instead of 0"],
  ["-m mac --mac-source 02:00:00:00:00:99", tcp, "macSrc 02:00:00:00:00:99 instead of 02:00:00:00:00:01"],
  ["-m pkttype --pkt-type broadcast", tcp, "pktType broadcast instead of unicast"],
  ["-m pkttype ! --pkt-type unicast", tcp, "pktType broadcast instead of unicast"],
])("%s", (options, packet, change) => {
  const rule = ruleOf(options);
  const answer = why(rule, packet);
  expect(answer.answer).toBe("does not match");
  expect(answer.change?.text).toContain(change);
  const { packet: changed, in: dev, out, state } = answer.change ?? { packet, in: "", out: "", state: "NEW" };
  const states = ["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"] as const;
  const given = states.find((name) => name === state) ?? "NEW";
  expect(why(rule, changed, { in: dev, out, state: given }).answer).toBe("matches");
});

test.each<[string, string]>([
  ["-s fd00:2::/32", "src fd00:2::1 instead of fd00::1"],
  ["-d fd00:2::7/128", "dst fd00:2::7 instead of fd00:1::5"],
  ["! -s fd00::/64", "src fd00:0:0:1::1 instead of fd00::1"],
  ["-p ipv6-icmp -m icmp6 --icmpv6-type 128", "protocol ipv6-icmp instead of tcp"],
])("IPv6: %s", (options, change) => {
  const rule = ruleOf(options, "ipv6");
  const answer = why(rule, six);
  expect(answer.change?.text).toContain(change);
  expect(why(rule, answer.change?.packet ?? six).answer).toBe("matches");
});

test.each([
  ["-m owner --uid-owner 0", "does not match"],
  ["-m owner --gid-owner 7", "does not match"],
  ["-m owner --uid-owner 1000", "matches"],
  ["-m owner ! --uid-owner 1000", "does not match"],
])("in OUTPUT, %s %s", (options, expected) => {
  const rule = ruleOf(options, "ipv4", "OUTPUT");
  const answer = why(rule, tcp, { hook: "OUTPUT" });
  expect(answer.answer).toBe(expected);
  if (answer.change !== undefined)
    expect(why(rule, answer.change.packet, { hook: "OUTPUT" }).answer).toBe("matches");
});

test.each([
  "-m iprange ! --src-range 172.30.0.0-172.30.0.9",
  "! -s 0.0.0.0/0",
  "-m conntrack --ctproto udp",
  "! -o eth+",
  "-m addrtype --dst-type LOCAL",
])("no change is suggested for %s", (options) => {
  const answer = why(ruleOf(options), tcp);
  expect(answer.answer).not.toBe("matches");
  expect(answer.change).toBeUndefined();
});
