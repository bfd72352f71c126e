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

/** Returns what reading and printing the extensions of a rule depends on: family, iptables version, protocol after `-p`. */
export const contextOf = (spec: RuleSpec, { family, iptables }: Pick<Dump, "family" | "iptables">): Context =>
  withProtocol({ family, iptables: behaviourOf(iptables) }, spec.base.protocol);
