import { parseTrace } from "./read/reader";
import { SightingCollector, type Sightings } from "./sighting";

const TABLE = "wirebook-trace-1";
const all = { ingress: true, egress: true, sockets: true };

/** Output of `nft -a monitor trace` on Linux 6.18. The name of our tables was replaced. */
function collected(lines: string, reported = all): Sightings["all"] {
  const collector = new SightingCollector(TABLE);
  for (const event of parseTrace(lines.replace(/\bw\b/g, TABLE)).events) collector.push(event);
  return collector.sightings(reported).all;
}

test("the raw bytes that nft 1.0.6 prints at egress are parsed as an IPv4 or IPv6 header", () => {
  const seen = collected(`
trace id 0c52c060 netdev w egress0 packet: oif "va" @nh,0,320 0x60048f5000280640fd000000000000000000000000000001fd000000000000000000000000000002 @th,0,160 0x13880051d7da24ba00000000a002fd20fa320000
trace id d1e56e11 netdev w egress0 packet: oif "va" @nh,0,160 0x4500001d04ab4000401110110a0909010a090902 @th,0,72 0x138900350009262f0a
trace id caf736ff netdev w egress0 packet: oif "va" @nh,0,160 0x45000054139f4000400100f60a0909010a090902 @th,0,160 0x80097b463d8000115f40a6b0000000013400a00
`);
  expect(seen).toMatchObject([
    {
      point: "egress",
      link: "va",
      header: {
        family: "ipv6",
        src: "fd00::1",
        dst: "fd00::2",
        protocol: "tcp",
        sport: 5000,
        dport: 81,
        flags: ["SYN"],
        ttl: 64,
        length: 80,
      },
    },
    {
      header: {
        family: "ipv4",
        src: "10.9.9.1",
        dst: "10.9.9.2",
        protocol: "udp",
        sport: 5001,
        dport: 53,
        ttl: 64,
        length: 29,
        ipId: 1195,
      },
    },
    { header: { protocol: "icmp", icmp: { type: 8, code: 0, id: 25560 }, length: 84 } },
  ]);
});

test("nft 1.1.3 prints no header at egress: it is taken from earlier events of the buffer, or from the rule", () => {
  const post =
    'packet: oif "va" ip saddr 10.9.9.1 ip daddr 10.9.9.2 ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 5000 tcp dport 81 tcp flags == syn tcp window 64240';
  const seen = collected(`
trace id 0000000a inet w post ${post}
trace id 0000000a netdev w egress0 packet: oif "va"
trace id 0000000a netdev w egress0 rule ip saddr 10.9.9.1 ip daddr 10.9.9.2 tcp dport 81 meta nftrace set 1 # handle 2 (verdict continue)
trace id 0000000b netdev w egress0 packet: oif "va"
trace id 0000000b netdev w egress0 rule ip6 saddr fd00::1 ip6 daddr fd00::2 udp sport 53 meta nftrace set 1 # handle 3 (verdict continue)
`);
  const ends = { src: "10.9.9.1", dst: "10.9.9.2", sport: 5000, dport: 81, flags: ["SYN"] };
  expect(seen).toMatchObject([
    { point: "postrouting", header: ends },
    { point: "egress", link: "va", header: { ...ends, out: "va" } },
    { point: "egress", header: { family: "ipv6", src: "fd00::1", dst: "fd00::2", sport: 53, out: "va" } },
  ]);
});

const INPUT =
  'packet: iif "lo" @ll,0,112 0x800 ip saddr 127.0.0.1 ip daddr 127.0.0.1 ip ttl 64 ip id 15216 ip protocol udp ip length 30 udp sport 51301 udp dport 98 udp length 10';
const FOUND =
  "trace id e4a91252 inet w in rule socket transparent <= 1 continue # handle 5 (verdict continue)";

test.each<[string, string, boolean, boolean | undefined]>([
  ["a socket was found if the rule with the lookup matched", FOUND, true, true],
  ["there is no socket if it did not match", "", true, false],
  ["unknown if the kernel does not support the lookup", "", false, undefined],
])("at the end of INPUT: %s", (_name, rule, sockets, expected) => {
  const lines = `trace id e4a91252 inet w in ${INPUT}\n${rule}\ntrace id e4a91252 inet w in policy accept`;
  const [seen] = collected(lines, { ...all, sockets });
  expect(seen).toMatchObject({ kind: "seen", point: "input", link: "lo" });
  expect(seen?.kind === "seen" ? seen.socket : "none").toBe(expected);
});

test("a drop by a rule or a policy of the namespace's tables is a sighting with the packet's header", () => {
  const seen = collected(`
trace id e4a91252 bridge lost forward ${INPUT}
trace id e4a91252 bridge lost forward rule meta l4proto udp drop # handle 2 (verdict drop)
trace id e4a91253 ip filter FORWARD ${INPUT}
trace id e4a91253 ip filter FORWARD policy drop
`);
  expect(seen).toMatchObject([
    {
      kind: "dropped",
      header: { dport: 98 },
      text: "nft rule in bridge lost forward: meta l4proto udp drop",
    },
    { kind: "dropped", text: "policy of ip filter FORWARD" },
  ]);
});
