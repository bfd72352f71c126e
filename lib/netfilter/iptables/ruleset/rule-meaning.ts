import type { Action } from "../../model/action";
import type { Match } from "../../model/match";
import { protocolNumber } from "../../model/protocols";
import type { Context } from "../context";
import type { Use } from "../extensions/extension";
import { printUse } from "../print/print-use";
import {
  type BaseName,
  isUse,
  type Jump,
  type ParsedBaseOption,
  type RuleSpec,
  type Unread,
} from "../rule-spec";
import { readPrefix } from "../values/address/prefix";

function baseMatch(
  name: BaseName,
  { inverted, value }: ParsedBaseOption,
  context: Context,
): Match | undefined {
  switch (name) {
    case "source":
    case "destination": {
      const prefix = readPrefix(value, context);
      return prefix.mask === 0 && !inverted ? undefined : { kind: name, inverted, prefix };
    }
    case "in":
    case "out":
      if (value === "+" && !inverted) return undefined;
      return { kind: name === "in" ? "inInterface" : "outInterface", inverted, name: value };
    case "protocol":
      return protocolNumber(value) === 0 ? undefined : { kind: "protocol", inverted, protocol: value };
    case "fragment":
      return { kind: "fragment", inverted };
  }
}

function useMatches(use: Use | Unread, context: Context): readonly Match[] {
  if (!isUse(use)) return [{ kind: "opaque", extension: use.unread, text: use.text }];
  const matches = use.extension.toMatches?.(use.options, context);
  return (
    matches ?? [{ kind: "opaque", extension: use.extension.name, text: printUse(use, "legacy", context) }]
  );
}

const ORDER: readonly BaseName[] = ["source", "destination", "in", "out", "protocol", "fragment"];

/** The conditions of a rule in the order in which the kernel checks them: header first, then each match. */
export function matchesOf(spec: RuleSpec, context: Context): readonly Match[] {
  const matches: Match[] = [];
  for (const name of ORDER) {
    const given = spec.base[name];
    const match = given && baseMatch(name, given, context);
    if (match) matches.push(match);
  }
  for (const use of spec.matches) matches.push(...useMatches(use, context));
  return matches;
}

/** What a rule does with a packet that matches. */
export function actionOf(jump: Jump | undefined, context: Context): Action {
  if (!jump) return { kind: "none" };
  const { name, use, unread } = jump;
  if (unread) return { kind: "opaque", target: name, text: unread.text };
  if (use) {
    const action = use.extension.toAction?.(use.options, context);
    return action ?? { kind: "opaque", target: name, text: printUse(use, "legacy", context) };
  }
  if (jump.goto) return { kind: "goto", chain: name };
  switch (name) {
    case "ACCEPT":
      return { kind: "accept" };
    case "DROP":
      return { kind: "drop" };
    case "QUEUE":
      return { kind: "queue" };
    case "RETURN":
      return { kind: "return" };
    default:
      return { kind: "jump", chain: name };
  }
}
