import { routeText } from "../routing/fib";
import type { OutRoute } from "../routing/output";

/** Describes an output route like `ip route get`. */
export function describeOut(out: OutRoute): string {
  if (out.route !== undefined) return routeText(out.route);
  if (out.local) return "local dev lo";
  return out.dev === undefined ? "by an unknown route" : `dev ${out.dev}`;
}
