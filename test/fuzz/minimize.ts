import type { CaseStep, FuzzCase, RouterCase, RouterName } from "./case";
import { routers } from "./case";

/**
 * Minimizes a case that disagrees. Removes rules, steps, routes, addresses and sysctls as long as the case still
 * disagrees: first in halves and then one by one, until nothing more can be removed.
 *
 * @param fails - returns whether a smaller case still disagrees.
 * @param budget - maximum number of cases to try; default: 400.
 */
export async function minimize(
  start: FuzzCase,
  fails: (smaller: FuzzCase) => Promise<boolean>,
  budget = 400,
): Promise<FuzzCase> {
  let best = start;
  let left = budget;
  const attempt = async (smaller: FuzzCase): Promise<boolean> => {
    if (left <= 0) return false;
    left -= 1;
    if (!(await fails(smaller))) return false;
    best = smaller;
    return true;
  };
  for (let before = -1; before !== sizeOf(best) && left > 0; ) {
    before = sizeOf(best);
    for (const part of parts) await cut(part, () => best, attempt);
  }
  return best;
}

interface Part {
  readonly count: (from: FuzzCase) => number;
  readonly keep: (from: FuzzCase, kept: (at: number) => boolean) => FuzzCase;
}

function routerPart(
  name: RouterName,
  count: (router: RouterCase) => number,
  keep: (router: RouterCase, kept: (item: unknown, at: number) => boolean) => Partial<RouterCase>,
): Part {
  return {
    count: (from) => count(from.routers[name]),
    keep: (from, kept) => {
      const router = from.routers[name];
      const changed = { ...router, ...keep(router, (_, at) => kept(at)) };
      return { ...from, routers: { ...from.routers, [name]: changed } };
    },
  };
}

const parts: readonly Part[] = [
  {
    count: ({ steps }) => steps.length,
    keep: (from, kept) => {
      // `answer` and `again` refer to steps by index.
      const moved = new Map<number, number>();
      for (const at of from.steps.keys()) if (kept(at)) moved.set(at, moved.size);
      const steps = from.steps.flatMap((step, at): CaseStep[] => {
        if (!kept(at)) return [];
        if (step.kind === "send") return [step];
        const target = (step.kind === "answer" ? step.to : step.of) % Math.max(1, at);
        const now = moved.get(target);
        if (now === undefined) return [];
        return [step.kind === "answer" ? { ...step, to: now } : { ...step, of: now }];
      });
      return { ...from, steps };
    },
  },
  ...routers.flatMap((name) => [
    routerPart(
      name,
      ({ rules }) => rules.length,
      ({ rules }, kept) => ({ rules: rules.filter(kept) }),
    ),
    routerPart(
      name,
      (router) => router.policyRules.length,
      ({ policyRules }, kept) => ({ policyRules: policyRules.filter(kept) }),
    ),
    routerPart(
      name,
      ({ routes }) => routes.length,
      ({ routes }, kept) => ({ routes: routes.filter(kept) }),
    ),
    routerPart(
      name,
      ({ drops }) => drops.length,
      ({ drops }, kept) => ({ drops: drops.filter(kept) }),
    ),
    routerPart(
      name,
      ({ sysctls }) => sysctls.length,
      ({ sysctls }, kept) => ({ sysctls: sysctls.filter(kept) }),
    ),
    routerPart(
      name,
      ({ addresses }) => addresses.length,
      ({ addresses }, kept) => ({ addresses: addresses.filter(kept) }),
    ),
  ]),
];

async function cut(
  part: Part,
  best: () => FuzzCase,
  attempt: (smaller: FuzzCase) => Promise<boolean>,
): Promise<void> {
  for (let size = Math.ceil(part.count(best()) / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = part.count(best()) - size; from > -size; from -= size) {
      const low = Math.max(0, from);
      await attempt(part.keep(best(), (at) => at < low || at >= from + size));
    }
  }
}

function sizeOf(from: FuzzCase): number {
  return parts.reduce((sum, part) => sum + part.count(from), 0);
}
