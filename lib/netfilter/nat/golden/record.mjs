// Records which addresses and ports the kernel chooses: unshare -n node lib/netfilter/nat/golden/record.mjs > tuples.json
// Each case has one rule in a nat table of its own and some datagrams, one after another.
import { execFileSync, execSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";

const sh = (script) => execSync(script, { stdio: ["ignore", "pipe", "inherit"] }).toString();

const V4 = ["10.1.0.1", "10.1.0.2", "10.1.0.77"];
const V6 = ["fd01::1", "fd01::2", "fd01::7:7"];
sh(`ip link set lo up
ip link add d0 type veth peer name d1
ip link set d0 up; ip link set d1 up
${V4.map((address) => `ip addr add ${address}/16 dev d0`).join("\n")}
${V6.map((address) => `ip -6 addr add ${address}/32 dev d0 nodad`).join("\n")}
ip route add default via 10.1.255.254 dev d0; ip neigh add 10.1.255.254 lladdr 02:00:00:00:00:01 dev d0
ip -6 route add default via fd01::ffff dev d0; ip -6 neigh add fd01::ffff lladdr 02:00:00:00:00:01 dev d0`);

const out4 = ["9.9.9.7", "9.9.9.8", "9.9.9.9", "198.51.100.3", "203.0.113.200"];
const out6 = ["2001:db8::7", "2001:db8::8", "2001:db8:1:2:3:4:5:6"];
let port = 30_000;
/** Datagrams from each source to each destination, each from a port of its own. */
const all = (sources, destinations, dport) =>
  sources.flatMap((src) => destinations.map((dst) => ({ src, dst, sport: port++, dport })));
/** The same, from one port of each source. */
const onePort = (sources, destinations, dport) => {
  const sport = port++;
  return sources.flatMap((src) => destinations.map((dst) => ({ src, dst, sport, dport })));
};

const cases = [
  ["ipv4", "OUTPUT", "-j DNAT --to-destination 10.1.0.10-10.1.0.13", all(V4, out4, 57)],
  ["ipv4", "OUTPUT", "-j DNAT --to-destination 10.1.0.10-10.1.0.13 --persistent", all(V4, out4, 57)],
  ["ipv4", "OUTPUT", "-j DNAT --to-destination 10.1.0.200-10.1.5.7", all(V4, out4, 57)],
  ["ipv4", "OUTPUT", "-j DNAT --to-destination 10.1.9.9", all(V4, out4.slice(0, 2), 57)],
  ["ipv4", "OUTPUT", "-p udp -j DNAT --to-destination 10.1.9.9:8080", all(V4, out4.slice(0, 2), 57)],
  // Two destinations become one, so the second flow of a source has to move to the next port of the range.
  ["ipv4", "OUTPUT", "-p udp -j DNAT --to-destination 10.1.9.9:8080-8083", onePort(V4, out4, 8081)],
  ["ipv4", "OUTPUT", "-p udp -j DNAT --to-destination 10.1.9.9:100-200/50", all(V4, ["9.9.9.7"], 60)],
  ["ipv4", "POSTROUTING", "-j SNAT --to-source 10.1.0.20-10.1.0.29", onePort(V4, out4, 53)],
  ["ipv4", "POSTROUTING", "-j SNAT --to-source 10.1.0.20-10.1.0.29 --persistent", all(V4, out4, 53)],
  ["ipv4", "POSTROUTING", "-p udp -j SNAT --to-source 10.1.0.20:5000", onePort(V4.slice(0, 1), out4, 53)],
  ["ipv4", "POSTROUTING", "-p udp -j SNAT --to-source 10.1.0.20:30000-31000", onePort(V4.slice(0, 1), out4, 53)],
  ["ipv4", "POSTROUTING", "-j SNAT --to-source 10.1.0.77", all(V4.slice(2), out4.slice(0, 2), 53)],
  ["ipv4", "POSTROUTING", "-o d0 -j MASQUERADE", all(V4.slice(1), out4.slice(0, 1), 53).slice(0, 1)],
  ["ipv6", "OUTPUT", "-j DNAT --to-destination fd01::10-fd01::1f", all(V6, out6, 57)],
  ["ipv6", "OUTPUT", "-j DNAT --to-destination fd01::1:0-fd01::2:ffff --persistent", all(V6, out6, 57)],
  ["ipv6", "OUTPUT", "-j DNAT --to-destination fd02::10-fd03::20", all(V6, out6, 57)],
  ["ipv6", "POSTROUTING", "-j SNAT --to-source fd01:0:1::-fd01:0:1:ffff::", onePort(V6, out6, 53)],
];

async function send({ src, dst, sport, dport }) {
  const socket = createSocket(src.includes(":") ? "udp6" : "udp4");
  socket.bind(sport, src);
  await once(socket, "listening");
  await new Promise((resolve) => socket.send("x", dport, dst, resolve));
  socket.close();
  await once(socket, "close");
}

/** Returns both tuples of each entry, oldest first: expiry grows with the age. */
function entries(family) {
  return readFileSync("/proc/net/nf_conntrack", "utf8")
    .split("\n")
    .filter((line) => line.startsWith(family))
    .map((line) => [...line.matchAll(/\b(src|dst|sport|dport)=(\S+)/g)].map(([, , value]) => value))
    .map(([src, dst, sport, dport, replySrc, replyDst, replySport, replyDport]) => ({
      original: { src, dst, sport: Number(sport), dport: Number(dport) },
      reply: { src: replySrc, dst: replyDst, sport: Number(replySport), dport: Number(replyDport) },
    }));
}

const recorded = [];
for (const [family, chain, rule, packets] of cases) {
  const program = family === "ipv4" ? "iptables-legacy" : "ip6tables-legacy";
  execFileSync(program, ["-t", "nat", "-F"]);
  execFileSync(program, ["-t", "nat", "-A", chain, ...rule.split(" ")]);
  const before = new Set(entries(family).map((each) => JSON.stringify(each)));
  const tuples = [];
  for (const packet of packets) {
    await send(packet);
    const added = entries(family).filter((each) => !before.has(JSON.stringify(each)));
    for (const each of added) before.add(JSON.stringify(each));
    tuples.push(added[0] ?? { dropped: packet });
  }
  recorded.push({ family, chain, rule, tuples });
}
const lines = recorded.map(({ tuples, ...rest }) => {
  const { family, chain, rule } = rest;
  const head = JSON.stringify({ family, chain, rule }).slice(0, -1);
  return `${head}, "tuples": [\n${tuples.map((each) => `    ${JSON.stringify(each)}`).join(",\n")}\n  ]}`;
});
process.stdout.write(`[\n  ${lines.join(",\n  ")}\n]\n`);
