import type { Range } from "../../model/match";
import type { Options } from "./declare";

/** First canonical value of an option, or the fallback when it was not given. */
export const first = (options: Options, name: string, fallback = ""): string =>
  options.get(name)?.values[0] ?? fallback;

export const inverted = (options: Options, name: string): boolean => options.get(name)?.inverted ?? false;

/** Reads canonical `N` or `FROM:TO`. */
export function range(value: string, separator = ":"): Range {
  const at = value.indexOf(separator);
  if (at < 0) return { from: Number(value), to: Number(value) };
  return { from: Number(value.slice(0, at)), to: Number(value.slice(at + 1)) };
}
