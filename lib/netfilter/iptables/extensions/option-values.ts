import type { Options } from "./extension";

/** The first value of an option, or `fallback` if the option was not given. */
export const first = (options: Options, name: string, fallback = ""): string =>
  options.get(name)?.values[0] ?? fallback;

/** Whether `!` precedes the option. */
export const inverted = (options: Options, name: string): boolean => options.get(name)?.inverted ?? false;
