import type { SyntaxFamily } from "../context";
import type { ValueType } from "../values/value-type";
import type { Extension, OptionDeclaration } from "./extension";

type Rest<T> = Omit<T, "name" | "values">;

/** An option with one word or several after it. */
export const option = (
  name: string,
  values: ValueType | readonly ValueType[],
  rest: Rest<OptionDeclaration> = {},
): OptionDeclaration => ({ name, values: "read" in values ? [values] : values, ...rest });

/** An option that takes `!` before it. */
export const invertible = (
  name: string,
  values: ValueType | readonly ValueType[],
  rest: Rest<OptionDeclaration> = {},
): OptionDeclaration => option(name, values, { invertible: true, ...rest });

/** An option without a value. */
export const flag = (name: string, rest: Rest<OptionDeclaration> = {}): OptionDeclaration =>
  option(name, [], rest);

const IP: readonly SyntaxFamily[] = ["ipv4", "ipv6"];

type ExtensionSpec = Omit<Extension, "kind" | "name" | "families" | "options"> & {
  readonly families?: readonly SyntaxFamily[];
  readonly options?: readonly OptionDeclaration[];
};

/** A match of both IPv4 and IPv6, unless `families` says otherwise. */
export const match = (name: string, spec: ExtensionSpec): Extension => ({
  families: IP,
  options: [],
  ...spec,
  kind: "match",
  name,
});

/** A target of both IPv4 and IPv6, unless `families` says otherwise. */
export const target = (name: string, spec: ExtensionSpec): Extension => ({
  families: IP,
  options: [],
  ...spec,
  kind: "target",
  name,
});
