import type { Extension, SyntaxFamily } from "../declare";
import { CONNTRACK_MATCHES } from "./conntrack";
import { ICMP_MATCHES } from "./icmp";
import { MARK_EXTENSIONS } from "./marks";
import { NAT_TARGETS } from "./nat";
import { OWNER_MATCHES } from "./owner";
import { PLACE_MATCHES } from "./place";
import { PORT_MATCHES } from "./ports";
import { RATE_MATCHES } from "./rate";
import { RECENT_MATCHES } from "./recent";
import { VERDICT_TARGETS } from "./verdicts";

/** Every match and target that this library knows. */
export const EXTENSIONS: readonly Extension[] = [
  ...PORT_MATCHES,
  ...ICMP_MATCHES,
  ...CONNTRACK_MATCHES,
  ...MARK_EXTENSIONS,
  ...NAT_TARGETS,
  ...OWNER_MATCHES,
  ...PLACE_MATCHES,
  ...RATE_MATCHES,
  ...RECENT_MATCHES,
  ...VERDICT_TARGETS,
];

const known = new Map<string, Extension>();
for (const extension of EXTENSIONS)
  for (const family of extension.families)
    known.set(`${extension.kind} ${family} ${extension.name}`, extension);

/** Names under which iptables finds the match of a protocol (xtables.c, xtables_find_match). */
const SAME: Readonly<Record<string, string>> = {
  icmpv6: "icmp6",
  "ipv6-icmp": "icmp6",
  "ipv6-mh": "mh",
  "mobility-header": "mh",
};

/** The match or target of that name in a family. */
export function extensionFor(
  kind: "match" | "target",
  name: string,
  family: SyntaxFamily,
): Extension | undefined {
  return known.get(`${kind} ${family} ${kind === "match" ? (SAME[name] ?? name) : name}`);
}

/** The match that `-p PROTOCOL` loads by itself when one of its options follows. */
export function matchOfProtocol(protocol: string, family: SyntaxFamily): Extension | undefined {
  const found = extensionFor("match", protocol, family);
  return found?.protocols ? found : undefined;
}
