import { assemble } from "./collect";
import { findPairs } from "./pairs";
import { parseConntrack } from "./read/conntrack";
import { parsePolicyRules } from "./read/policy-rules";
import { parseRoutes } from "./read/routes";
import { parseSockets } from "./read/sockets";
import type { Link, Snapshot } from "./snapshot";

// Output of `ip -d -s -j`, /proc/net/nf_conntrack and ss in the namespace of a Docker host: iproute2 6.1, kernel 6.18.
const ip = [
  `[{"ifindex":2,"ifname":"docker0","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"mtu":1500,"operstate":"UP","link_type":"ether","address":"02:42:52:0c:8f:58","linkinfo":{"info_kind":"bridge"},"addr_info":[{"family":"inet","local":"172.17.0.1","prefixlen":16,"broadcast":"172.17.255.255","scope":"global","label":"docker0"}],"stats64":{"rx":{"bytes":0,"packets":0},"tx":{"bytes":8,"packets":2}}},{"ifindex":4,"link_index":3,"ifname":"veth38b8a3f","flags":["UP"],"mtu":1500,"master":"docker0","operstate":"UP","link_type":"ether","address":"e2:0e:45:32:32:5d","link_netnsid":1,"linkinfo":{"info_kind":"veth","info_slave_kind":"bridge"},"addr_info":[]}]`,
  `[{"type":"unicast","dst":"default","gateway":"172.30.0.2","dev":"eth0","table":"main","protocol":"boot","scope":"global","flags":[]},{"type":"local","dst":"172.17.0.1","dev":"docker0","table":"local","protocol":"kernel","scope":"host","prefsrc":"172.17.0.1","flags":[]}]`,
  `[{"dst":"172.17.0.2","dev":"docker0","lladdr":"02:42:ac:11:00:02","state":["REACHABLE"]}]`,
  `[{"nsid":0,"name":"4026531833"},{"nsid":1}]`,
  `[{"priority":0,"src":"all","table":"local"},{"priority":100,"src":"10.1.0.0","srclen":16,"fwmark":"0x4000","fwmask":"0x4000","table":"7"}]`,
].join("\n");

test("names the nf_tables tables that iptables did not write and that may handle IP packets", () => {
  const text = [
    "table ip nat",
    "table ip6 filter",
    "table inet firewalld",
    "table ip docker-bridges",
    "table arp filter",
    "table netdev ingress",
    "table inet wirebook-trace-1",
    "",
  ].join("\n");
  const parts = new Map([
    ["ip", ip],
    ["nftables", text],
  ]);
  expect(assemble("host1", parts).nftables).toEqual(["table inet firewalld", "table ip docker-bridges"]);
  expect(assemble("host1", new Map([["ip", ip]]))).not.toHaveProperty("nftables");
});

test("builds a snapshot from the output of all parts", () => {
  const look = assemble(
    "host1",
    new Map([
      ["ip", ip],
      ["netns", "4026532615\n"],
      ["ipv4-nft", ""],
    ]),
  );
  expect(look).toMatchObject({
    place: "host1",
    netns: 4026532615,
    links: [
      {
        name: "docker0",
        kind: "bridge",
        up: true,
        addresses: [{ address: "172.17.0.1", prefixLength: 16 }],
        counters: { txPackets: 2 },
      },
      {
        name: "veth38b8a3f",
        kind: "veth",
        master: "docker0",
        peer: { ifindex: 3, netnsId: 1 },
        addresses: [],
      },
    ],
    routes: [
      { destination: "0.0.0.0/0", via: "172.30.0.2", dev: "eth0", family: "ipv4" },
      { destination: "172.17.0.1/32", type: "local", table: "local" },
    ],
    neighbours: [{ address: "172.17.0.2", mac: "02:42:ac:11:00:02", states: ["REACHABLE"] }],
    policyRules: [
      { priority: 0, action: { kind: "lookup", table: "local" }, inverted: false },
      {
        priority: 100,
        from: "10.1.0.0/16",
        mark: { value: 0x4000, mask: 0x4000 },
        action: { kind: "lookup", table: "7" },
      },
    ],
    iptables: [],
  });
});

test("distinguishes IPv4 and IPv6 default routes, and returns one route per next hop", () => {
  const routes = parseRoutes([
    { dst: "default", dev: "eth0", pref: "medium" },
    { dst: "default", dev: "tun0" },
    {
      dst: "10.9.0.0/16",
      nexthops: [
        { gateway: "10.0.0.1", dev: "a" },
        { gateway: "10.0.0.2", dev: "b" },
      ],
    },
  ]);
  expect(routes.map(({ destination, via, dev }) => [destination, via, dev])).toEqual([
    ["::/0", undefined, "eth0"],
    ["0.0.0.0/0", undefined, "tun0"],
    ["10.9.0.0/16", "10.0.0.1", "a"],
    ["10.9.0.0/16", "10.0.0.2", "b"],
  ]);
});

test("reads an inverted policy rule and one that ends the lookup", () => {
  expect(parsePolicyRules([{ priority: 5, src: "all", not: null, action: "blackhole" }], "ipv4")).toEqual([
    { family: "ipv4", priority: 5, inverted: true, action: { kind: "blackhole" } },
  ]);
});

test("reads both tuples, state and flags of connections", () => {
  const text = `ipv4     2 tcp      6 118 TIME_WAIT src=172.30.0.2 dst=172.30.0.3 sport=40382 dport=8080 src=172.17.0.2 dst=172.30.0.2 sport=80 dport=40382 [ASSURED] mark=0 zone=3 use=2
ipv4     2 unknown  2 599 src=172.17.0.1 dst=224.0.0.22 [UNREPLIED] src=224.0.0.22 dst=172.17.0.1 mark=0 use=1
ipv4     2 icmp     1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=7 src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=7 mark=16384 use=1`;
  expect(parseConntrack(text)).toEqual([
    {
      family: "ipv4",
      protocol: "tcp",
      state: "TIME_WAIT",
      original: { src: "172.30.0.2", dst: "172.30.0.3", sport: 40382, dport: 8080 },
      reply: { src: "172.17.0.2", dst: "172.30.0.2", sport: 80, dport: 40382 },
      assured: true,
      unreplied: false,
      mark: 0,
      zone: 3,
      timeoutSeconds: 118,
    },
    expect.objectContaining({ protocol: "unknown", unreplied: true, timeoutSeconds: 599 }),
    expect.objectContaining({ protocol: "icmp", mark: 0x4000, timeoutSeconds: 29 }),
  ]);
});

test("reads addresses of sockets, with IPv6 and devices", () => {
  const text = `tcp LISTEN 0      4096   0.0.0.0:8080 0.0.0.0:*
tcp ESTAB  0      0      [::ffff:10.0.0.1]:80 [::ffff:10.0.0.2]:40000
udp UNCONN 0      0      10.0.0.1%eth0:68 0.0.0.0:* users:(("dhclient",pid=7,fd=6))
tcp LISTEN 0      128    *:22 *:*`;
  expect(parseSockets(text)).toEqual([
    { protocol: "tcp", state: "LISTEN", localAddress: "0.0.0.0", localPort: 8080 },
    {
      protocol: "tcp",
      state: "ESTAB",
      localAddress: "::ffff:10.0.0.1",
      localPort: 80,
      peerAddress: "::ffff:10.0.0.2",
      peerPort: 40000,
    },
    { protocol: "udp", state: "UNCONN", localAddress: "10.0.0.1", localPort: 68, process: "dhclient" },
    { protocol: "tcp", state: "LISTEN", localAddress: "::", localPort: 22 },
  ]);
});

const veth = (ifindex: number, peer: NonNullable<Link["peer"]>): Link => ({
  ifindex,
  name: `v${ifindex}`,
  kind: "veth",
  mtu: 1500,
  up: true,
  operState: "UP",
  addresses: [],
  peer,
});
const space = (place: string, netns: number, ...links: readonly Link[]): Snapshot => ({
  place,
  netns,
  links,
  routes: [],
});

test("two hosts with equal ifindexes: each container is paired with its own host", () => {
  const pairs = findPairs([
    space("host1", 1, veth(4, { ifindex: 3, netnsId: 0 })),
    space("host2", 2, veth(4, { ifindex: 3, netnsId: 0 })),
    space("host1/web", 11, veth(3, { ifindex: 4, netnsId: 0, netns: 1 })),
    space("host2/web", 12, veth(3, { ifindex: 4, netnsId: 0, netns: 2 })),
  ]);
  expect(pairs.map(({ a, b }) => [a.place, b.place])).toEqual([
    ["host1/web", "host1"],
    ["host2/web", "host2"],
  ]);
});

test("if no end knows the namespace of its peer, returns only unambiguous pairs", () => {
  const one = space("a", 1, veth(4, { ifindex: 3, netnsId: 0 }));
  const other = space("b", 2, veth(3, { ifindex: 4, netnsId: 0 }));
  expect(findPairs([one, other])).toHaveLength(1);
  expect(findPairs([one, other, space("c", 3, veth(3, { ifindex: 4, netnsId: 0 }))])).toEqual([]);
});

test("finds pairs within one namespace, and counts places that share a namespace once", () => {
  const links = [veth(4, { ifindex: 5 }), veth(5, { ifindex: 4 })];
  expect(findPairs([space("pod", 1, ...links), space("pod/app", 1, ...links)])).toEqual([
    { a: { place: "pod", ifindex: 4 }, b: { place: "pod", ifindex: 5 } },
  ]);
});

test("does not pair links of different machines, even if inodes and ifindexes match", () => {
  const on = (machine: string, look: Snapshot): Snapshot => ({ ...look, machine });
  const node = on("one", space("node1", 1, veth(4, { ifindex: 3, netnsId: 0, netns: 11 })));
  const pod = space("pod", 11, veth(3, { ifindex: 4, netnsId: 0, netns: 1 }));
  expect(findPairs([node, on("two", pod)])).toEqual([]);
  expect(findPairs([node, on("one", pod), on("two", { ...pod, place: "other" })])).toHaveLength(1);
});
