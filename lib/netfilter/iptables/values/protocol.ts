import { protocolNumber } from "../../model/protocols";
import { RuleSyntaxError } from "../rule-syntax-error";
import { readNumber } from "./number";

/** Reads a protocol by name or number. 0 and `all` stand for every protocol. */
export function readProtocol(word: string): number {
  const value = readNumber(word);
  if (value !== undefined && value <= 255n) return Number(value);
  const named = protocolNumber(word.toLowerCase());
  if (named === undefined)
    throw new RuleSyntaxError(`"${word}" is not a protocol`, "a number, 0 to 255, or a name such as tcp");
  return named;
}
