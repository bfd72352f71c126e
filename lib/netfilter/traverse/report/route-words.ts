import { routeText } from "../../routing/fib";
import type { OutRoute } from "../../routing/output";

/** Describes an output route like `ip route get`. */
export function describeOut(out: OutRoute): string {
  if (out.route !== undefined) return routeText(out.route);
  if (out.local) return "local dev lo";
  return out.dev === undefined ? "by an unknown route" : `dev ${out.dev}`;
}

/** The route of a packet that this host sends, as part of a step. */
export function routeStep(out: OutRoute): {
  readonly kind: "routing";
  readonly decision: "out";
  readonly route?: string;
  readonly out?: string;
  readonly via?: string;
} {
  return {
    kind: "routing",
    decision: "out",
    ...(out.route === undefined ? {} : { route: describeOut(out) }),
    ...(out.dev === undefined ? {} : { out: out.dev }),
    ...(out.via === undefined ? {} : { via: out.via }),
  };
}
