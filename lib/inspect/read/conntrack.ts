import { withoutUndefined } from "../../without-undefined";
import type { ConntrackEntry, Tuple } from "../snapshot";

/** Parses `/proc/net/nf_conntrack` or `conntrack -L -o extended`, which have the same format: one connection per line. */
export function parseConntrack(text: string): readonly ConntrackEntry[] {
  return text.split("\n").flatMap((line) => {
    const entry = parseLine(line);
    return entry ? [entry] : [];
  });
}

// ipv4     2 tcp      6 431999 ESTABLISHED src=… dst=… sport=… dport=… src=… dst=… sport=… dport=… [ASSURED] mark=0 use=1
function parseLine(line: string): ConntrackEntry | undefined {
  const words = line.trim().split(/\s+/);
  const [family, , protocol] = words;
  if ((family !== "ipv4" && family !== "ipv6") || protocol === undefined) return undefined;
  const pairs = words.flatMap((word) => {
    const equals = word.indexOf("=");
    return equals < 0 ? [] : [[word.slice(0, equals), word.slice(equals + 1)] as const];
  });
  const tuples = tuplesOf(pairs);
  const [original, reply] = tuples;
  if (!original || !reply) return undefined;
  const value = (name: string): number | undefined => {
    const found = pairs.find(([key]) => key === name);
    return found ? Number(found[1]) : undefined;
  };
  const timeout = words[4] === undefined || !/^\d+$/.test(words[4]) ? undefined : Number(words[4]);
  const state = words.slice(4, 6).find((word) => /^[A-Z_0-9]+$/.test(word) && /[A-Z]/.test(word));
  return {
    family,
    protocol,
    ...withoutUndefined({ state }),
    original,
    reply,
    assured: words.includes("[ASSURED]"),
    unreplied: words.includes("[UNREPLIED]"),
    mark: value("mark") ?? 0,
    zone: value("zone") ?? 0,
    ...withoutUndefined({ timeoutSeconds: timeout }),
  };
}

// The first src starts the original tuple, the second one the reply tuple. ICMP has an id instead of ports.
function tuplesOf(pairs: readonly (readonly [string, string])[]): readonly Tuple[] {
  const tuples: { src: string; dst: string; sport?: number; dport?: number }[] = [];
  for (const [key, value] of pairs) {
    const tuple = tuples.at(-1);
    if (key === "src") tuples.push({ src: value, dst: "" });
    else if (!tuple) continue;
    else if (key === "dst") tuple.dst = value;
    else if (key === "sport" || key === "dport") tuple[key] = Number(value);
  }
  return tuples.slice(0, 2);
}
