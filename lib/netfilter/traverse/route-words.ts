import { routeText } from "../routing/fib";
import type { OutRoute } from "../routing/output";

/** A way out as `ip route get` would say it. */
export function describeOut(out: OutRoute): string {
  if (out.route !== undefined) return routeText(out.route);
  if (out.local) return "local dev lo";
  return out.dev === undefined ? "by a route that is not known" : `dev ${out.dev}`;
}
