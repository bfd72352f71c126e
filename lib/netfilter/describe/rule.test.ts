import { parseRuleset } from "../iptables";
import { describeRule } from "./rule";

const described = (
  rule: string,
  table = "filter",
  chain = "FORWARD",
  family: "ipv4" | "ipv6" = "ipv4",
): string => {
  const { tables } = parseRuleset(`*${table}\n:A - [0:0]\n-A ${chain} ${rule}\nCOMMIT\n`, { family });
  const read = [...tables.values()]
    .flatMap((each) => [...each.chains.values()])
    .flatMap(({ rules }) => rules);
  return read[0] ? describeRule(read[0]) : "";
};

test.each([
  [
    "-i eth0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80",
    "nat",
    "PREROUTING",
    "came in by eth0, TCP to port 8080: send it to 172.17.0.2:80",
  ],
  [
    "-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
    "nat",
    "POSTROUTING",
    "from 172.17.0.0/16, goes out by another interface than docker0: make it come from the outgoing interface's address",
  ],
  [
    "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "filter",
    "FORWARD",
    "connection is related or established: let it through this table",
  ],
  [
    "-m statistic --mode random --probability 0.33333333349 -j A",
    "nat",
    "OUTPUT",
    "by chance in 33.33 % of cases: go through chain A",
  ],
  [
    "-m mark --mark 0x4000/0x4000 -j RETURN",
    "filter",
    "FORWARD",
    "mark & 0x4000 is 0x4000: return to the calling chain",
  ],
  ["-j MARK --set-xmark 0x4000/0x4000", "mangle", "FORWARD", "any packet: set bits 0x4000 of its mark"],
  [
    "-p udp -m multiport --dports 53,5300:5400 -j DROP",
    "filter",
    "FORWARD",
    "UDP to ports 53 or 5300 to 5400: drop it",
  ],
  [
    "-p tcp --syn -j REJECT",
    "filter",
    "FORWARD",
    "TCP opening a connection (SYN): refuse it with icmp-port-unreachable",
  ],
  ["-p icmp -m icmp --icmp-type 8", "filter", "FORWARD", "ICMP echo request: count it and continue"],
  [
    "-m string --algo bm --string abc -j DROP",
    "filter",
    "FORWARD",
    'string matches (--string "abc" --algo bm): drop it',
  ],
  [
    "-m limit --limit 5/min -j LOG",
    "filter",
    "FORWARD",
    "at most 5 packets a minute (after a burst of 5): log it and continue",
  ],
  ["-g A", "filter", "FORWARD", "any packet: continue in chain A without returning"],
])("%s", (rule, table, chain, expected) => {
  expect(described(rule, table, chain)).toBe(expected);
});
