import { protocolNumberOf } from "../../conntrack/protocol";
import { type Match, unknownCondition } from "../../model";
import { addressWords, compareWords, parseNet, within } from "../../routing/address";
import { flip } from "../state/answer";
import type { Evaluation } from "../state/evaluation";
import type { HookState } from "../state/hook-state";
import type { Ask } from "./header";

type Directions = readonly ("src" | "dst")[];

/** Returns the entry that `--match-set NAME src,dst` looks up, in the syntax of `ipset add`. */
export function memberOf(hookState: HookState, directions: Directions, template: string | undefined): string {
  const parts = template?.split(",") ?? [];
  return directions
    .map((direction, at) => {
      const address = direction === "src" ? hookState.packet.src : hookState.packet.dst;
      const port = direction === "src" ? hookState.packet.sport : hookState.packet.dport;
      const part = parts[at];
      const isPort =
        part === undefined
          ? at === 1 && port !== undefined
          : /^([a-z0-9-]+:)?\d+(-\d+)?$/i.test(part) && !part.includes("::");
      return isPort && at > 0 ? `${hookState.packet.protocol}:${port ?? 0}` : address;
    })
    .join(",");
}

function partMatches(part: string, hookState: HookState, direction: "src" | "dst"): boolean {
  const packetPort = direction === "src" ? hookState.packet.sport : hookState.packet.dport;
  const words = direction === "src" ? hookState.src : hookState.dst;
  if (words === undefined) return false;
  const range = /^([^-]+)-([^-]+)$/.exec(part);
  const from = addressWords(range?.[1] ?? "");
  const to = addressWords(range?.[2] ?? "");
  if (from !== undefined && to !== undefined)
    return from.length === words.length && compareWords(words, from) >= 0 && compareWords(words, to) <= 0;
  const net = parseNet(part);
  if (net !== undefined) return within(words, net);
  if (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(part))
    return hookState.packet.macSrc?.toLowerCase() === part.toLowerCase();
  const port = /^(?:([a-z0-9-]+):)?(\d+)(?:-(\d+))?$/i.exec(part);
  if (port !== null) {
    if (port[1] !== undefined && protocolNumberOf(port[1]) !== hookState.protocol) return false;
    const low = Number(port[2]);
    return packetPort !== undefined && packetPort >= low && packetPort <= Number(port[3] ?? low);
  }
  return part === (direction === "src" ? hookState.in : hookState.out);
}

/** Looks up the packet in members printed by `ipset list`: comma-separated parts, then options such as `timeout 300` or `nomatch`. */
function contains(members: readonly string[], hookState: HookState, directions: Directions): boolean {
  let best = -1;
  let answer = false;
  for (const member of members) {
    const [parts = "", ...options] = member.split(" ");
    const fields = parts.split(",");
    if (!fields.every((part, at) => partMatches(part, hookState, directions[at] ?? directions[0] ?? "src")))
      continue;
    // If several networks contain the address, the one with the longest prefix decides. If it has `nomatch`, the set
    // doesn't match (ipset(8)).
    const length = parseNet(fields[0] ?? "")?.length ?? 128;
    if (length < best) continue;
    best = length;
    answer = !options.includes("nomatch");
  }
  return answer;
}

/** `-m set`: looks up the packet in the members from the snapshot, with the changes of SET targets. Unknown if the set was not read. */
export function setTest(match: Extract<Match, { kind: "set" }>): Ask {
  return (hookState, evaluation) => {
    const members = membersOf(hookState, evaluation, match.set);
    if (members === undefined) {
      const lookup = `${match.set} ${match.directions.join(",")} ${memberOf(hookState, match.directions, undefined)}`;
      return flip(
        unknownCondition(
          `ipset ${lookup}`,
          `the set ${match.set} contains the packet`,
          `the set ${match.set} does not contain the packet`,
        ),
        match.inverted,
      );
    }
    return contains(members, hookState, match.directions) !== match.inverted;
  };
}

/** Returns the members of a set with the changes of SET targets, or undefined if unknown. */
export function membersOf(
  hookState: HookState,
  evaluation: Evaluation,
  set: string,
): readonly string[] | undefined {
  const listed = hookState.host.sets?.[set];
  if (listed === undefined) return undefined;
  const changes = [...evaluation.state.sets.entries()].filter(([key]) => key.startsWith(`${set} `));
  if (changes.length === 0) return listed;
  const gone = new Set(changes.filter(([, present]) => !present).map(([key]) => key.slice(set.length + 1)));
  const added = changes.filter(([, present]) => present).map(([key]) => key.slice(set.length + 1));
  return [...listed.filter((member) => !gone.has(member.split(" ")[0] ?? "")), ...added];
}
