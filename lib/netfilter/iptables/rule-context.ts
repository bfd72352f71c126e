import { protocolNumber } from "../model/protocols";
import type { Context } from "./extensions/declare";
import type { BaseGiven } from "./rule-spec";

/** A context with the protocol that `-p` names, or leaves out. */
export function withProtocol(context: Context, given: BaseGiven | undefined): Context {
  if (!given) return context;
  const number = protocolNumber(given.value) ?? Number(given.value);
  if (given.inverted) return { ...context, except: number };
  return number === 0 ? context : { ...context, protocol: number };
}
