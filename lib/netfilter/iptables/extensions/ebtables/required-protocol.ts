import type { Context } from "../../context";
import { RuleSyntaxError } from "../../rule-syntax-error";

export const ARP = 0x0806;

/** Matches of a protocol need `-p` with it, not negated. */
export const needs =
  (type: number, name: string) =>
  (context: Context): void => {
    if (context.protocol !== type) throw new RuleSyntaxError("these options need a protocol", `-p ${name}`);
  };
