import type { Use } from "../extensions/extension";
import { isUse, type RuleSpec } from "../rule-spec";

/** What Checker needs to know of a rule. */
export interface RuleShape {
  /** Whether the rule names an incoming, or an outgoing, interface. */
  readonly in: boolean;
  readonly out: boolean;
  /** Extensions that may be used only in some tables or hooks, or only beside other matches. */
  readonly restricted: readonly Use[];
  readonly goto: boolean;
  /** Name after `-j` or `-g`, unless it is a target extension. */
  readonly to: string | undefined;
}

/** The shape of a rule that was read word by word. */
export function shapeOf({ base, matches, jump }: RuleSpec): RuleShape {
  const uses = matches.filter(isUse);
  const frameHeader = uses.find(({ extension }) => extension.name === "header")?.options;
  return {
    in: base.in !== undefined || frameHeader?.has("in-interface") || frameHeader?.has("logical-in") || false,
    out:
      base.out !== undefined || frameHeader?.has("out-interface") || frameHeader?.has("logical-out") || false,
    restricted: (jump?.use ? [...uses, jump.use] : uses).filter(isRestricted),
    goto: jump?.goto ?? false,
    to: jump && !jump.use && !jump.unread ? jump.name : undefined,
  };
}

export const isRestricted = ({ extension }: Use): boolean =>
  extension.tables !== undefined ||
  extension.legacyTables !== undefined ||
  extension.hooks !== undefined ||
  extension.checkRule !== undefined;
