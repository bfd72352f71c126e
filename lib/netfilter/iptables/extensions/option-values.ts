import type { Options } from "./extension";

/** First canonical value of an option, or the fallback when it was not given. */
export const first = (options: Options, name: string, fallback = ""): string =>
  options.get(name)?.values[0] ?? fallback;

export const inverted = (options: Options, name: string): boolean => options.get(name)?.inverted ?? false;
