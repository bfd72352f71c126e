import fc from "fast-check";
import type { FuzzCase, RouterCase } from "../case";
import { ipv4, ipv6, weighted } from "./pool";
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
          r1: fc.tuple(setup(pool, "r1"), rules(pool)).map(([one, two]) => ({ ...one, ...two })),
          r2: fc.tuple(setup(pool, "r2"), rules(pool)).map(([one, two]) => ({ ...one, ...two })),
        }),
        steps: steps(pool, count),
      }),
    )
    .map(told);
}

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
