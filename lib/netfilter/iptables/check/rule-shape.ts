import type { Use } from "../extensions/extension";
import { isUse, type RuleSpec } from "../rule-spec";

/** What the checks beyond a single rule have to know of it. */
export interface Shape {
  readonly in: boolean;
  readonly out: boolean;
  /** Uses of extensions that may not stand everywhere. */
  readonly placed: readonly Use[];
  readonly goto: boolean;
  /** Name after `-j` or `-g` where it is no target extension. */
  readonly to: string | undefined;
}

/** What the checks have to know of a rule that was read word by word. */
export function shapeOf({ base, matches, jump }: RuleSpec): Shape {
  const placed = matches.filter(isUse);
  if (jump?.use) placed.push(jump.use);
  const has = (...names: readonly string[]): boolean =>
    placed.some(
      ({ extension, options }) => extension.name === "header" && names.some((name) => options.has(name)),
    );
  return {
    in: base.in !== undefined || has("in-interface", "logical-in"),
    out: base.out !== undefined || has("out-interface", "logical-out"),
    placed,
    goto: jump?.goto ?? false,
    to: jump && !jump.use && !jump.unread ? jump.name : undefined,
  };
}
