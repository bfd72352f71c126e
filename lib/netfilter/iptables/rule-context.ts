import { protocolNumber } from "../model/protocols";
import type { Context } from "./context";
import type { Dump } from "./dump";
import { behaviourOf } from "./iptables-version";
import type { ParsedBaseOption, RuleSpec } from "./rule-spec";

/** Adds the protocol after `-p` to a context. */
export function withProtocol(context: Context, given: ParsedBaseOption | undefined): Context {
  if (!given) return context;
  const number = protocolNumber(given.value) ?? Number(given.value);
  if (given.inverted) return { ...context, except: number };
  return number === 0 ? context : { ...context, protocol: number };
}

/** The context in which the extensions of a rule are read and printed. */
export const contextOf = (spec: RuleSpec, { family, iptables }: Pick<Dump, "family" | "iptables">): Context =>
  withProtocol({ family, iptables: behaviourOf(iptables) }, spec.base.protocol);
