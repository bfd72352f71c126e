import { link, route } from "../../../test/netfilter/router";
import { parseRuleset } from "../iptables";
import type { Host, Packet } from "../model";
import { traverse } from "../traverse";
import { alignTrace } from "./align";
import { groupPackets } from "./read/packets";
import { parseTrace } from "./read/reader";

// Output of `xtables-monitor --trace` (iptables 1.8.9, Linux 6.18) for two SYNs from 10.9.0.2. A program with
// IP_TRANSPARENT listens on port 1234, no program on port 1235.
const accepted = `PACKET: 2 4f694715 IN=va MACSRC=ae:37:1c:4:69:77 MACDST=2:52:c7:3a:fc:4d MACPROTO=0800 SRC=10.9.0.2 DST=198.51.100.7 LEN=60 TOS=0x0 TTL=64 ID=30944 DF SPORT=37042 DPORT=80 SYN 
 TRACE: 2 4f694715 raw:PREROUTING:rule:0x3:CONTINUE  -4 -t raw -A PREROUTING -p tcp -m tcp --dport 80 -j TRACE
 TRACE: 2 4f694715 raw:PREROUTING:policy:ACCEPT 
PACKET: 2 4f694715 IN=va MACSRC=ae:37:1c:4:69:77 MACDST=2:52:c7:3a:fc:4d MACPROTO=0800 SRC=10.9.0.2 DST=198.51.100.7 LEN=60 TOS=0x0 TTL=64 ID=30944 DF SPORT=37042 DPORT=80 SYN MARK=0x1 
 TRACE: 2 4f694715 mangle:PREROUTING:rule:0x2:ACCEPT  -4 -t mangle -A PREROUTING -p tcp -m tcp --dport 80 -j TPROXY --on-port 1234 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1
`;
const dropped = `PACKET: 2 1f3aa161 IN=va MACSRC=ae:37:1c:4:69:77 MACDST=2:52:c7:3a:fc:4d MACPROTO=0800 SRC=10.9.0.2 DST=198.51.100.7 LEN=60 TOS=0x0 TTL=64 ID=18061 DF SPORT=33028 DPORT=81 SYN 
 TRACE: 2 1f3aa161 raw:PREROUTING:rule:0x2:CONTINUE  -4 -t raw -A PREROUTING -p tcp -m tcp --dport 81 -j TRACE
 TRACE: 2 1f3aa161 raw:PREROUTING:policy:ACCEPT 
PACKET: 2 1f3aa161 IN=va MACSRC=ae:37:1c:4:69:77 MACDST=2:52:c7:3a:fc:4d MACPROTO=0800 SRC=10.9.0.2 DST=198.51.100.7 LEN=60 TOS=0x0 TTL=64 ID=18061 DF SPORT=33028 DPORT=81 SYN 
 TRACE: 2 1f3aa161 mangle:PREROUTING:rule:0x3:DROP  -4 -t mangle -A PREROUTING -p tcp -m tcp --dport 81 -j TPROXY --on-port 1235 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1
`;

const rules = `*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 81 -j TRACE
-A PREROUTING -p tcp -m tcp --dport 80 -j TRACE
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j TPROXY --on-port 1234 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1
-A PREROUTING -p tcp -m tcp --dport 81 -j TPROXY --on-port 1235 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1
COMMIT
`;

const host: Host = {
  place: "router",
  rulesets: [{ ...parseRuleset(rules, { family: "ipv4" }), variant: "nft" }],
  links: [link(1, "lo", "127.0.0.1/8"), link(2, "va", "10.9.0.1/24")],
  routes: [route("10.9.0.0/24", "va", { source: "10.9.0.1" })],
  sysctls: { "net.ipv4.ip_forward": "1" },
};

const syn = (sport: number, dport: number): Packet => ({
  family: "ipv4",
  src: "10.9.0.2",
  dst: "198.51.100.7",
  protocol: "tcp",
  sport,
  dport,
  tcpFlags: ["SYN"],
  ttl: 64,
  tos: 0,
  length: 60,
  mark: 0,
});

test.each([
  ["accepts the packet if a transparent socket listens", accepted, syn(37_042, 80), true],
  ["drops the packet if none listens", dropped, syn(33_028, 81), false],
])("TPROXY %s, as the kernel reports it", (_, text, packet, listens) => {
  const traversal = traverse(host, packet, { from: { in: "va" } });
  const agreement = alignTrace(traversal, [
    { place: "router", packets: groupPackets(parseTrace(text).events) },
  ]);
  const { dependsOn } = traversal.outcomes[agreement.outcome] ?? {};
  expect(agreement.difference).toBeUndefined();
  expect(dependsOn?.[0]).toMatch(listens ? /^a transparent socket listens/ : /^no transparent socket/);
});
