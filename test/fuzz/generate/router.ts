import fc from "fast-check";
import type { RouterCase, RouterName } from "../case";
import { devicesOf, type Pool, weighted } from "./pool";

type Setup = Pick<RouterCase, "addresses" | "routes" | "policyRules" | "sysctls">;
type Pair = readonly [string, string];

/** Generates the addresses, routes, policy rules and sysctls of one router. */
export function setup(pool: Pool, name: RouterName): fc.Arbitrary<Setup> {
  return pool.family === "ipv4" ? setup4(name) : setup6(name);
}

const subset = (items: readonly string[], share: number): fc.Arbitrary<readonly string[]> =>
  fc
    .tuple(
      ...items.map((item) => weighted<string>([share, fc.constant(item)], [100 - share, fc.constant("")])),
    )
    .map((chosen) => chosen.filter((item) => item !== ""));

const pairs = (items: readonly Pair[], share: number): fc.Arbitrary<readonly Pair[]> =>
  fc.subarray([...items], { minLength: 0, maxLength: Math.ceil((items.length * share) / 100) });

function setup4(name: RouterName): fc.Arbitrary<Setup> {
  const r1 = name === "r1";
  const must: readonly Pair[] = r1
    ? [
        ["a0", "10.1.0.1/24"],
        ["x0", "10.2.0.1/24"],
        ["b0", "10.3.0.1/24"],
      ]
    : [
        ["d0", "10.4.0.1/24"],
        ["y0", "10.5.0.1/24"],
        ["c0", "10.3.0.2/24"],
      ];
  const may: readonly Pair[] = r1
    ? [
        ["a0", "10.1.0.5/24"],
        ["lo", "172.30.0.1/32"],
        ["a0", "10.9.0.1/16"],
        ["b0", "10.3.0.1/32"],
      ]
    : [
        ["d0", "10.4.0.5/24"],
        ["lo", "172.30.0.1/32"],
        ["y0", "10.8.0.1/16"],
      ];
  const gates = r1 ? "via 10.3.0.2 dev b0" : "via 10.3.0.1 dev c0";
  const back = r1 ? "via 10.2.0.9 dev x0" : "via 10.5.0.7 dev y0";
  const usual = r1
    ? [`10.4.0.0/24 ${gates}`, `10.5.0.0/24 ${gates}`]
    : [`10.1.0.0/24 ${gates}`, `10.2.0.0/24 ${gates}`];
  const routes = fc
    .tuple(
      subset(usual, 85),
      subset(
        [
          `default ${back}`,
          "blackhole 10.66.0.0/16",
          "unreachable 10.67.0.0/16",
          "prohibit 172.30.0.0/16",
          `8.0.0.0/8 ${back} metric 5`,
          `8.0.0.0/8 ${gates} metric 50`,
          "throw 8.8.0.0/16",
        ],
        30,
      ),
      subset(
        [
          `default ${back} table 100`,
          `10.4.0.0/16 ${back} table 100`,
          "blackhole default table 100 metric 9",
        ],
        60,
      ),
    )
    .map((lists) => lists.flat());
  const policyRules = subset(
    [
      "fwmark 0x1 lookup 100 pref 1000",
      "fwmark 0x4000/0x4000 lookup 100 pref 1001",
      `from 10.1.0.0/24 lookup 100 pref 1002`,
      `iif ${r1 ? "a0" : "d0"} lookup 100 pref 1003`,
      "to 8.8.8.8 unreachable pref 1004",
      "not fwmark 0x2/0x2 lookup main pref 1005",
    ],
    12,
  );
  return fc.record({
    addresses: pairs(may, 50).map((extra) => [...must, ...extra]),
    routes,
    policyRules,
    sysctls: sysctls4(name),
  });
}

function sysctls4(name: RouterName): fc.Arbitrary<readonly Pair[]> {
  const each = ["all", ...devicesOf[name]];
  const values = (key: string, wanted: readonly string[]): fc.Arbitrary<readonly Pair[]> =>
    fc
      .tuple(...each.map(() => weighted<string>([5, fc.constant("0")], [2, fc.constantFrom(...wanted)])))
      .map((chosen) => each.map((device, at): Pair => [`ipv4/conf/${device}/${key}`, chosen[at] ?? "0"]));
  const one = (path: string, usual: string, other: string): fc.Arbitrary<readonly Pair[]> =>
    weighted<string>([9, fc.constant(usual)], [1, fc.constant(other)]).map((value) => [[path, value]]);
  return fc
    .tuple(
      one("ipv4/ip_forward", "1", "0"),
      values("rp_filter", ["1", "2"]),
      values("route_localnet", ["1"]),
      values("accept_local", ["1"]),
      values("src_valid_mark", ["1"]),
      one("ipv4/fwmark_reflect", "0", "1"),
      one("netfilter/nf_conntrack_tcp_loose", "1", "0"),
    )
    .map((lists) => lists.flat());
}

function setup6(name: RouterName): fc.Arbitrary<Setup> {
  const r1 = name === "r1";
  const must: readonly Pair[] = r1
    ? [
        ["a0", "fd01::1/64"],
        ["x0", "fd02::1/64"],
        ["b0", "fd03::1/64"],
      ]
    : [
        ["d0", "fd04::1/64"],
        ["y0", "fd05::1/64"],
        ["c0", "fd03::2/64"],
      ];
  const may: readonly Pair[] = r1
    ? [
        ["a0", "fd01::5/64"],
        ["lo", "fdaa::1/128"],
      ]
    : [
        ["d0", "fd04::5/64"],
        ["lo", "fdaa::1/128"],
      ];
  const gates = r1 ? "via fd03::2 dev b0" : "via fd03::1 dev c0";
  const back = r1 ? "via fd02::9 dev x0" : "via fd05::7 dev y0";
  const usual = r1
    ? [`fd04::/64 ${gates}`, `fd05::/64 ${gates}`]
    : [`fd01::/64 ${gates}`, `fd02::/64 ${gates}`];
  return fc.record({
    addresses: pairs(may, 60).map((extra) => [...must, ...extra]),
    routes: fc
      .tuple(
        subset(usual, 85),
        subset([`default ${back}`, "blackhole fd66::/16", "unreachable fd67::/16", "prohibit fdaa::/64"], 30),
        subset([`default ${back} table 100`], 60),
      )
      .map((lists) => lists.flat()),
    policyRules: subset(["fwmark 0x1 lookup 100 pref 1000", "from fd01::/64 lookup 100 pref 1002"], 12),
    sysctls: fc.tuple(
      weighted<Pair>(
        [9, fc.constant(["ipv6/conf/all/forwarding", "1"] as const)],
        [1, fc.constant(["ipv6/conf/all/forwarding", "0"] as const)],
      ),
      weighted<Pair>(
        [9, fc.constant(["netfilter/nf_conntrack_tcp_loose", "1"] as const)],
        [1, fc.constant(["netfilter/nf_conntrack_tcp_loose", "0"] as const)],
      ),
    ),
  });
}
