import { protocolNumberOf } from "../../conntrack/protocol";
import { doubt, type Match } from "../../model";
import { addressWords, compareWords, parseNet, within } from "../../routing/address";
import { flip, type Mind } from "../evaluation";
import type { View } from "../hook-state";
import type { Ask } from "./header";

type Directions = readonly ("src" | "dst")[];

/** What `--match-set NAME src,dst` looks up, written as `ipset add` would take it. */
export function memberOf(view: View, directions: Directions, template: string | undefined): string {
  const parts = template?.split(",") ?? [];
  return directions
    .map((direction, at) => {
      const address = direction === "src" ? view.packet.src : view.packet.dst;
      const port = direction === "src" ? view.packet.sport : view.packet.dport;
      const part = parts[at];
      const isPort =
        part === undefined
          ? at === 1 && port !== undefined
          : /^([a-z0-9-]+:)?\d+(-\d+)?$/i.test(part) && !part.includes("::");
      return isPort && at > 0 ? `${view.packet.protocol}:${port ?? 0}` : address;
    })
    .join(",");
}

function partMatches(part: string, view: View, direction: "src" | "dst"): boolean {
  const packetPort = direction === "src" ? view.packet.sport : view.packet.dport;
  const words = direction === "src" ? view.src : view.dst;
  if (words === undefined) return false;
  const range = /^([^-]+)-([^-]+)$/.exec(part);
  const from = addressWords(range?.[1] ?? "");
  const to = addressWords(range?.[2] ?? "");
  if (from !== undefined && to !== undefined)
    return from.length === words.length && compareWords(words, from) >= 0 && compareWords(words, to) <= 0;
  const net = parseNet(part);
  if (net !== undefined) return within(words, net);
  if (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(part))
    return view.packet.macSrc?.toLowerCase() === part.toLowerCase();
  const port = /^(?:([a-z0-9-]+):)?(\d+)(?:-(\d+))?$/i.exec(part);
  if (port !== null) {
    if (port[1] !== undefined && protocolNumberOf(port[1]) !== view.protocol) return false;
    const low = Number(port[2]);
    return packetPort !== undefined && packetPort >= low && packetPort <= Number(port[3] ?? low);
  }
  return part === (direction === "src" ? view.in : view.out);
}

/** Members as `ipset list` prints them: parts between commas, then options such as `timeout 300` or `nomatch`. */
function contains(members: readonly string[], view: View, directions: Directions): boolean {
  let best = -1;
  let answer = false;
  for (const member of members) {
    const [parts = "", ...options] = member.split(" ");
    const fields = parts.split(",");
    if (!fields.every((part, at) => partMatches(part, view, directions[at] ?? directions[0] ?? "src")))
      continue;
    // Of nested networks the longest prefix decides, and `nomatch` makes it an exception.
    const length = parseNet(fields[0] ?? "")?.length ?? 128;
    if (length < best) continue;
    best = length;
    answer = !options.includes("nomatch");
  }
  return answer;
}

/** `-m set --match-set`: contents from the snapshot and from SET targets on the way; a set without contents is a doubt. */
export function setTest(match: Extract<Match, { kind: "set" }>): Ask {
  return (view, mind) => {
    const members = membersOf(view, mind, match.set);
    if (members === undefined) {
      const asked = `${match.set} ${match.directions.join(",")} ${memberOf(view, match.directions, undefined)}`;
      return flip(
        doubt(
          `ipset ${asked}`,
          `the set ${match.set} contains the packet`,
          `the set ${match.set} does not contain the packet`,
        ),
        match.inverted,
      );
    }
    return contains(members, view, match.directions) !== match.inverted;
  };
}

export function membersOf(view: View, mind: Mind, set: string): readonly string[] | undefined {
  const listed = view.host.sets?.[set];
  if (listed === undefined) return undefined;
  const changes = [...mind.state.sets.entries()].filter(([key]) => key.startsWith(`${set} `));
  if (changes.length === 0) return listed;
  const gone = new Set(changes.filter(([, present]) => !present).map(([key]) => key.slice(set.length + 1)));
  const added = changes.filter(([, present]) => present).map(([key]) => key.slice(set.length + 1));
  return [...listed.filter((member) => !gone.has(member.split(" ")[0] ?? "")), ...added];
}
