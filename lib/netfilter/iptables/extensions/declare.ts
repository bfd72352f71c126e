import type { SyntaxFamily } from "../context";
import type { ValueType } from "../values/value-type";
import type { Extension, OptionDeclaration } from "./extension";

type Rest<T> = Omit<T, "name" | "values">;

/** Declares an option that takes values. Pass one type per value. */
export const option = (
  name: string,
  values: ValueType | readonly ValueType[],
  rest: Rest<OptionDeclaration> = {},
): OptionDeclaration => ({ name, values: "read" in values ? [values] : values, ...rest });

/** Declares an option that takes values and may be negated with `!`. */
export const invertible = (
  name: string,
  values: ValueType | readonly ValueType[],
  rest: Rest<OptionDeclaration> = {},
): OptionDeclaration => option(name, values, { invertible: true, ...rest });

/** Declares an option without a value. */
export const flag = (name: string, rest: Rest<OptionDeclaration> = {}): OptionDeclaration =>
  option(name, [], rest);

const IP: readonly SyntaxFamily[] = ["ipv4", "ipv6"];

type ExtensionSpec = Omit<Extension, "kind" | "name" | "families" | "options"> & {
  readonly families?: readonly SyntaxFamily[];
  readonly options?: readonly OptionDeclaration[];
};

/**
 * Declares a match.
 *
 * @param spec.families - default: IPv4 and IPv6.
 * @param spec.options - default: none.
 */
export const match = (name: string, spec: ExtensionSpec): Extension => ({
  families: IP,
  options: [],
  ...spec,
  kind: "match",
  name,
});

/**
 * Declares a target.
 *
 * @param spec.families - default: IPv4 and IPv6.
 * @param spec.options - default: none.
 */
export const target = (name: string, spec: ExtensionSpec): Extension => ({
  families: IP,
  options: [],
  ...spec,
  kind: "target",
  name,
});
