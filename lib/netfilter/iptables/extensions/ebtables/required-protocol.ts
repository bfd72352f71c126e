import type { Context } from "../../context";
import { RuleSyntaxError } from "../../rule-syntax-error";

/** EtherType of ARP. */
export const ARP = 0x0806;

/** Returns a check that the rule has `-p` with the EtherType `type`, without `!`. */
export const requireProtocol =
  (type: number, name: string) =>
  (context: Context): void => {
    if (context.protocol !== type)
      throw new RuleSyntaxError(`these options need -p ${name}`, `-p ${name} before them`);
  };
