// Queries the kernel's routing decisions (`ip route get`) under policy rules and routes of every kind. Prints JSON.
//
//   unshare -n node lib/netfilter/routing/golden/record.mjs > lib/netfilter/routing/golden/kernel.json
//
// IP_NEWER is the path of `ip` from a newer iproute2, which supports more kinds of rules. Without it, the cases that
// need it are skipped.
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";

const newer = process.env.IP_NEWER;

const ip = (tool, ...args) => execFileSync(tool, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
const run = (text) => ip("ip", ...text.split(" "));

run("link set lo up");
for (const name of ["e0", "e1", "e2"]) {
  run(`link add ${name} type veth peer name p${name}`);
  run(`link set p${name} up`);
  run(`link set ${name} up`);
}
["10.1.0.1/24 dev e0", "10.2.0.1/24 dev e1", "10.3.0.1/24 dev e2"].map((text) => run(`addr add ${text}`));
const conf = "/proc/sys/net/ipv4/conf";
writeFileSync("/proc/sys/net/ipv4/ip_forward", "1");
for (const name of readdirSync(conf)) writeFileSync(`${conf}/${name}/rp_filter`, "0");
run("route add default via 10.2.0.9 table 100");
run("route add default via 10.3.0.9");

const IN = "8.8.8.8 from 10.1.0.9 iif e0";
const OUT = "8.8.8.8 from 10.1.0.1";
// ip parses a TOS value as hexadecimal, with or without the `0x` prefix.
const hex = (tos) => `0x${tos.toString(16)}`;
const tcp = (sport, dport) => `ipproto tcp sport ${sport} dport ${dport}`;

/**
 * Rules and routes to add, and the arguments of `ip route get` to query under them (`asks`). `newer`: only the newer ip
 * can add the rules. `strict`: rp_filter of e0 is 1.
 */
const cases = [
  { name: "from", rules: ["from 10.1.0.9 table 100"], asks: [IN, OUT] },
  { name: "from a prefix without an address", rules: ["from 0/1 table 100"], asks: [IN, "8.8.8.8 from 200.1.1.1 iif e0"] },
  { name: "to", rules: ["to 8.0.0.0/8 table 100"], asks: [IN, "9.9.9.9 from 10.1.0.9 iif e0"] },
  { name: "not", rules: ["not from 10.1.0.0/24 table 100"], asks: [IN, "8.8.8.8 from 200.1.1.1 iif e0"] },
  { name: "iif", rules: ["iif e0 table 100"], asks: [IN, OUT] },
  { name: "iif lo", rules: ["iif lo table 100"], asks: [IN, OUT] },
  { name: "iif of a device that is gone", rules: ["iif gone table 100"], asks: [IN] },
  { name: "not iif of a device that is gone", rules: ["not iif gone table 100"], asks: [IN] },
  { name: "oif", rules: ["oif e1 table 100"], asks: [IN, OUT] },
  { name: "fwmark", rules: ["fwmark 7/0xf table 100"], asks: [`${IN} mark 0x17`, `${IN} mark 8`] },
  {
    name: "tos",
    rules: ["tos 0x10 table 100"],
    asks: [0, 0x10, 0x30, 0xb0, 0x11, 0x14].flatMap((tos) => [`${IN} tos ${hex(tos)}`, `${OUT} tos ${hex(tos)}`]),
  },
  { name: "ipproto", rules: ["ipproto udp table 100"], asks: [`${IN} ipproto udp sport 5 dport 6`, `${IN} ${tcp(5, 6)}`] },
  {
    name: "sport range",
    rules: ["sport 1000-2000 table 100"],
    asks: [tcp(1000, 5), tcp(2000, 5), tcp(2001, 5), tcp(999, 1500), "ipproto icmp"].map((text) => `${IN} ${text}`),
  },
  { name: "dport", rules: ["dport 80 table 100"], asks: [tcp(5, 80), tcp(80, 5)].flatMap((text) => [`${IN} ${text}`, `${OUT} ${text}`]) },
  {
    name: "sport, and the route back with the ports exchanged",
    rules: ["sport 80 table 100"],
    strict: true,
    asks: [`10.2.0.5 from 10.1.0.9 iif e0 ${tcp(5, 80)}`, `10.2.0.5 from 10.1.0.9 iif e0 ${tcp(80, 5)}`],
  },
  { name: "ipproto, and the route back", rules: ["ipproto udp table 100"], strict: true, asks: ["10.2.0.5 from 10.1.0.9 iif e0 ipproto udp sport 5 dport 6"] },
  { name: "uidrange", rules: ["uidrange 1-5 table 100"], asks: [IN, `${OUT} uid 5`, `${OUT} uid 6`] },
  { name: "uidrange with 0, which packets from outside have", rules: ["uidrange 0-5 table 100"], asks: [IN] },
  { name: "tun_id of what this host sends", rules: ["tun_id 5 table 100"], asks: [OUT] },
  { name: "tun_id of what came in", rules: ["tun_id 5 table 100"], asks: [IN], named: "tun_id 5" },
  { name: "l3mdev without a VRF", rules: ["l3mdev"], asks: [IN, OUT] },
  { name: "suppress_prefixlength", rules: ["table main suppress_prefixlength 0", "table 100"], asks: [IN, "10.3.0.7 from 10.1.0.9 iif e0"] },
  {
    name: "suppress_prefixlength leaves an unreachable route",
    routes: ["unreachable 8.8.0.0/16"],
    rules: ["table main suppress_prefixlength 16", "table 100"],
    asks: [OUT],
  },
  { name: "suppress_ifgroup", group: "e2", rules: ["table main suppress_ifgroup 5", "table 100"], asks: [IN, "10.2.0.7 from 10.1.0.9 iif e0"] },
  { name: "goto", rules: ["goto 103", "table 100", "to 1.2.3.4 table 100", "nop"], asks: [IN] },
  { name: "goto a rule that is not there", rules: ["goto 150", "table 100"], asks: [IN] },
  { name: "nop", rules: ["nop", "table 100"], asks: [IN] },
  { name: "blackhole", rules: ["blackhole"], asks: [OUT] },
  { name: "unreachable", rules: ["unreachable"], asks: [OUT] },
  { name: "prohibit", rules: ["prohibit"], asks: [OUT] },
  { name: "realms", rules: ["realms 3/4 table 100"], asks: [IN] },
  { name: "protocol", rules: ["protocol static table 100"], asks: [IN] },
  { name: "a table that is empty", rules: ["table 200"], asks: [IN] },
  { name: "an action of another name", newer: true, rules: ["type multicast table 100"], asks: [OUT], named: "action multicast" },
  { name: "nat", newer: true, rules: ["nat 1.2.3.4"], asks: [OUT], named: "masquerade" },
  { name: "dscp", newer: true, rules: ["dscp 4 table 100"], asks: [`${IN} tos 0x10`, `${IN} tos 0x30`], named: "dscp 4" },
  { name: "dscp by name", newer: true, rules: ["dscp AF11 table 100"], asks: [IN], named: "dscp AF11" },
  {
    name: "dport under a mask",
    newer: true,
    rules: ["dport 0x50/0xf0 table 100"],
    asks: [tcp(5, 95), tcp(5, 96)].map((text) => `${IN} ${text}`),
  },
  {
    name: "route with tos",
    routes: ["8.0.0.0/8 via 10.1.0.9", "8.0.0.0/8 tos 0x10 via 10.2.0.9", "8.0.0.0/8 tos 0x8 via 10.3.0.9"],
    asks: [0, 0x10, 0x30, 8, 0x18, 0x11].map((tos) => `${OUT} tos ${hex(tos)}`),
  },
  {
    name: "two routes with one prefix and metric: the first",
    routes: ["8.0.0.0/8 via 10.1.0.9"],
    append: ["8.0.0.0/8 via 10.2.0.9"],
    asks: [1, 2, 3, 4].map((last) => `8.8.8.${last} from 10.1.0.1`),
  },
  { name: "throw", routes: ["throw 8.0.0.0/8"], asks: [OUT] },
  { name: "throw in a table", routes: ["throw 8.0.0.0/8 table 100"], rules: ["table 100"], asks: [OUT] },
  { name: "blackhole route", routes: ["blackhole 8.0.0.0/8"], asks: [OUT, IN] },
  { name: "prohibit route", routes: ["prohibit 8.0.0.0/8"], asks: [OUT, IN] },
  { name: "a next hop object", nexthops: ["id 5 via 10.2.0.9 dev e1"], routes: ["8.0.0.0/8 nhid 5"], asks: [OUT, IN] },
  { name: "a next hop object that drops", nexthops: ["id 5 blackhole"], routes: ["8.0.0.0/8 nhid 5"], asks: [OUT] },
  { name: "an IPv6 next hop", routes: ["8.0.0.0/8 via inet6 fe80::1 dev e1"], asks: [OUT, IN] },
  {
    name: "metrics",
    routes: ["8.0.0.0/8 via 10.2.0.9 mtu 1400 advmss 1300 hoplimit 3 initcwnd 10 window 5 rto_min 5ms quickack 1 features ecn realm 5"],
    asks: [OUT, IN],
  },
  { name: "onlink", routes: ["8.0.0.0/8 via 10.77.0.9 dev e1 onlink"], asks: [OUT, IN] },
  { name: "scope and source", routes: ["8.0.0.0/8 dev e1 scope link src 10.2.0.1"], asks: [OUT] },
  { name: "a device without carrier", down: "pe1", routes: ["8.0.0.0/8 via 10.2.0.9"], asks: [OUT], named: "e1: it has no carrier" },
  { name: "a device without carrier, whose routes are ignored", down: "pe1", ignore: "e1", routes: ["8.0.0.0/8 via 10.2.0.9"], asks: [OUT] },
  { name: "encapsulation", routes: ["8.0.0.0/8 encap ip id 5 dst 1.2.3.4 dev e1"], asks: [OUT], named: "encap" },
  { name: "an unreachable default", routes: ["unreachable default metric 7", "8.0.0.0/8 via 10.2.0.9"], asks: [OUT] },
];

function answer(ask) {
  const { status, stdout, stderr } = spawnSync("ip", ["-j", "route", "get", ...ask.split(" ")], { encoding: "utf8" });
  if (status !== 0) return { ask, error: stderr.trim() };
  const [{ type, dev, gateway, via, table }] = JSON.parse(stdout);
  const next = gateway ?? via?.host;
  return { ask, ...(type ? { type } : {}), dev, ...(next ? { via: next } : {}), ...(table ? { table } : {}) };
}

const tools = [...new Set(["ip", newer ?? "ip"])];
/** The output of each tool, kept as text because older versions repeat keys in the JSON object of a route. */
const listed = (...args) => tools.map((tool) => ip(tool, ...args).trim());
const links = () =>
  JSON.parse(run("-j addr")).map(({ ifindex, ifname, flags, operstate, group, link_type, addr_info }) => ({
    ifindex,
    ifname,
    flags,
    operstate,
    group,
    link_type,
    addr_info: addr_info.filter(({ family }) => family === "inet"),
  }));

function record(each) {
  const { name, rules = [], routes = [], append = [], nexthops = [], strict, group, down, ignore, asks, named } = each;
  const tool = each.newer === true ? newer : "ip";
  if (strict) writeFileSync(`${conf}/e0/rp_filter`, "1");
  if (group) run(`link set ${group} group 5`);
  for (const text of nexthops) run(`nexthop add ${text}`);
  for (const text of routes) run(`route add ${text}`);
  for (const text of append) run(`route append ${text}`);
  for (const [at, text] of rules.entries()) ip(tool, "rule", "add", "pref", String(100 + at), ...text.split(" "));
  if (ignore) writeFileSync(`${conf}/${ignore}/ignore_routes_with_linkdown`, "1");
  if (down) run(`link set ${down} down`);
  const found = {
    name,
    ...(named ? { named } : {}),
    ...(strict ? { strict } : {}),
    ...(ignore ? { ignore } : {}),
    ...(rules.length === 0 ? {} : { rules: listed("-j", "rule").map((text, at) => (each.newer && at === 0 ? null : text)) }),
    ...(routes.length === 0 ? {} : { routes: listed("-4", "-j", "route", "show", "table", "all") }),
    ...(group || down ? { links: links() } : {}),
    answers: asks.map(answer),
  };
  if (down) run(`link set ${down} up`);
  if (ignore) writeFileSync(`${conf}/${ignore}/ignore_routes_with_linkdown`, "0");
  for (const at of rules.keys()) run(`rule del pref ${100 + at}`);
  for (const text of [...routes, ...append]) spawnSync("ip", ["route", "del", ...text.split(" ")]);
  for (const text of nexthops) run(`nexthop del id ${text.split(" ")[1]}`);
  if (group) run(`link set ${group} group default`);
  if (strict) writeFileSync(`${conf}/e0/rp_filter`, "0");
  return found;
}

const base = { links: links(), routes: listed("-4", "-j", "route", "show", "table", "all") };
const recorded = cases.filter((each) => newer !== undefined || each.newer !== true).map(record);
const lines = recorded.map((each) => JSON.stringify(each));
process.stdout.write(`{"base":${JSON.stringify(base)},"cases":[\n${lines.join(",\n")}\n]}\n`);
