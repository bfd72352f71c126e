import fc from "fast-check";
import type { FuzzCase, RouterCase, RouterName } from "../case";
import { ipv4, ipv6, type Pool, weighted } from "./pool";
import { setup } from "./router";
import { rules } from "./rules";
import { steps } from "./steps";

/** Generates a random case of `count` packets. */
export function fuzzCase(count: number): fc.Arbitrary<FuzzCase> {
  return weighted([4, fc.constant(ipv4)], [1, fc.constant(ipv6)])
    .chain((pool) =>
      fc.record({
        family: fc.constant(pool.family),
        variant: weighted<"nft" | "legacy">([6, fc.constant("nft")], [1, fc.constant("legacy")]),
        routers: fc.record({
          r1: router(pool, "r1"),
          r2: router(pool, "r2"),
        }),
        steps: steps(pool, count),
      }),
    )
    .map(told);
}

/** Generates one router. Every fifth has no rule that needs conntrack, so that the kernel does not track connections there. */
function router(pool: Pool, name: RouterName): fc.Arbitrary<RouterCase> {
  return fc
    .tuple(setup(pool, name), rules(pool), weighted<boolean>([4, fc.constant(true)], [1, fc.constant(false)]))
    .map(([one, two, tracks]) => {
      const kept = tracks ? two.rules : two.rules.filter(({ text }) => !CONNTRACK.test(text));
      return { ...one, ...two, rules: kept };
    });
}

const CONNTRACK =
  /-m (conntrack|state|connmark|connlimit)\b|-j (DNAT|SNAT|MASQUERADE|REDIRECT|NETMAP|CONNMARK|CONNSECMARK|CT)\b/;

// Legacy tables only report counters. They don't show the result of a random match for a single packet, so remove the
// rules that use one.
function told(wanted: FuzzCase): FuzzCase {
  if (wanted.variant === "nft") return wanted;
  const { r1, r2 } = wanted.routers;
  const certain = (router: RouterCase): RouterCase => ({
    ...router,
    rules: router.rules.filter(({ text }) => !text.includes("--mode random")),
  });
  return { ...wanted, routers: { r1: certain(r1), r2: certain(r2) } };
}
