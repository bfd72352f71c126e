import { groupPackets } from "./read/packets";
import { parseTrace } from "./read/reader";

// nft monitor trace on a Docker host (kernel 6.18, bridge-nf-call-iptables=1): one SYN from a container to another host.
const monitor = `trace id d30bc280 ip nat PREROUTING packet: iif "docker0" ip saddr 172.17.0.2 ip daddr 172.30.1.2 ip ttl 64 ip id 5090 ip protocol tcp ip length 60 tcp sport 46104 tcp dport 81 tcp flags == syn tcp window 64240
trace id d30bc280 ip nat PREROUTING policy accept
trace id 5cd9b49a ip filter FORWARD packet: iif "docker0" oif "eth0" ip saddr 172.17.0.2 ip daddr 172.30.1.2 ip ttl 63 ip id 5090 ip protocol tcp ip length 60 tcp sport 46104 tcp dport 81 tcp flags == syn tcp window 64240
trace id 5cd9b49a ip filter FORWARD policy accept
`;

test("events of a packet that arrived on a bridge port are grouped although its id changes", () => {
  const [packet, ...more] = groupPackets(parseTrace(monitor).events);
  expect(more).toEqual([]);
  expect(packet?.visits.map(({ hook }) => hook)).toEqual(["PREROUTING", "FORWARD"]);
});

test("a packet of the flow with another identification is separate", () => {
  const other = monitor.replace("ip ttl 63 ip id 5090", "ip ttl 63 ip id 5091");
  expect(groupPackets(parseTrace(other).events)).toHaveLength(2);
});
