// IPv6 policy rules and routes. The expected values are from `ip -6 route get` on kernel 6.18. Those for uidrange and tun_id
// were measured with forwarded packets, because `route get` uses the uid of its caller.

import { parsePolicyRules } from "../../inspect/read/policy-rules";
import { parseRoutes } from "../../inspect/read/routes";
import type { Host } from "../model";
import { traverse } from "../traverse";

const ROUTES = [
  { dst: "default", gateway: "fd01::9", dev: "e1", table: "100", metric: 1024, flags: [], pref: "medium" },
  { dst: "default", gateway: "fd02::9", dev: "e2", metric: 1024, flags: [], pref: "medium" },
  { type: "local", dst: "fd00::1", dev: "e0", table: "local", metric: 0, flags: [], pref: "medium" },
];
const RULES = [
  { priority: 0, src: "all", table: "local" },
  { priority: 32766, src: "all", table: "main" },
];

function wayOf(
  rules: readonly object[],
  routes: readonly object[],
  sent: { readonly src?: string; readonly tos?: number; readonly dport?: number },
) {
  const host: Host = {
    place: "router",
    rulesets: [],
    routes: parseRoutes([...ROUTES, ...routes]),
    policyRules: parsePolicyRules([...RULES, ...rules], "ipv6"),
    sysctls: { "net.ipv6.conf.all.forwarding": "1" },
  };
  const packet = {
    family: "ipv6",
    src: "fd00::9",
    dst: "2001:db8::1",
    protocol: "tcp",
    sport: 1,
    dport: 80,
    ttl: 64,
    tos: 0,
    length: 60,
    mark: 0,
    ...sent,
  } as const;
  return traverse(host, packet, { from: { in: "e0" } }).outcomes.map(({ left, certain }) => [
    left?.dev,
    certain,
  ]);
}

const rule = (more: object) => [{ priority: 100, src: "all", table: "100", ...more }];
const from = {
  dst: "2001:db8::/32",
  from: "fd00::/64",
  gateway: "fd01::9",
  dev: "e1",
  metric: 1024,
  flags: [],
  pref: "medium",
};
const plain = {
  dst: "2001:db8::/32",
  gateway: "fd02::9",
  dev: "e2",
  metric: 1024,
  flags: [],
  pref: "medium",
};

test.each([
  ["tos compares the whole DSCP: the same", rule({ tos: "0x10" }), [], { tos: 0x10 }, "e1"],
  ["tos ignores the ECN bits", rule({ tos: "0x10" }), [], { tos: 0x12 }, "e1"],
  ["tos compares the whole DSCP: another precedence", rule({ tos: "0x10" }), [], { tos: 0x30 }, "e2"],
  ["tos with bits outside of the old TOS field", rule({ tos: "0xb0" }), [], { tos: 0xb0 }, "e1"],
  ["dport", rule({ dport: 80 }), [], {}, "e1"],
  ["another dport", rule({ dport: 80 }), [], { dport: 81 }, "e2"],
  ["uidrange with 0, the uid of forwarded packets", rule({ uid_start: 0, uid_end: 5 }), [], {}, "e1"],
  ["uidrange without 0", rule({ uid_start: 1, uid_end: 5 }), [], {}, "e2"],
  [
    "suppress_prefixlength",
    [{ priority: 98, src: "all", table: "main", suppress_prefixlen: 0 }, ...rule({})],
    [],
    {},
    "e1",
  ],
  ["a route with a source prefix is preferred", [], [plain, from], {}, "e1"],
  ["a route with another source prefix is ignored", [], [plain, from], { src: "fd05::9" }, "e2"],
])("%s", (_name, rules, routes, sent, dev) => {
  expect(wayOf(rules, routes, sent)).toEqual([[dev, true]]);
});
