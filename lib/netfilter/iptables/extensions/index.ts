import type { Extension, SyntaxFamily } from "../declare";
import { CONNTRACK_MATCHES } from "./conntrack";
import { CONTENT_MATCHES } from "./content";
import { HASHLIMIT_MATCHES } from "./hashlimit";
import { HEADER_EXTENSIONS } from "./header";
import { ICMP_MATCHES } from "./icmp";
import { IPV6_EXTENSIONS } from "./ipv6";
import { MARK_EXTENSIONS } from "./marks";
import { NAT_TARGETS } from "./nat";
import { OWNER_MATCHES } from "./owner";
import { PLACE_MATCHES } from "./place";
import { POLICY_MATCHES } from "./policy";
import { PORT_MATCHES } from "./ports";
import { RATE_MATCHES } from "./rate";
import { RATEEST_EXTENSIONS } from "./rateest";
import { RECENT_MATCHES } from "./recent";
import { SET_EXTENSIONS } from "./sets";
import { STEER_TARGETS } from "./steer";
import { SYSTEM_MATCHES } from "./system";
import { TIME_MATCHES } from "./time";
import { TRACK_EXTENSIONS } from "./track";
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
  ...CONTENT_MATCHES,
  ...HEADER_EXTENSIONS,
  ...IPV6_EXTENSIONS,
  ...POLICY_MATCHES,
  ...SET_EXTENSIONS,
  ...STEER_TARGETS,
  ...SYSTEM_MATCHES,
  ...TIME_MATCHES,
  ...TRACK_EXTENSIONS,
  ...HASHLIMIT_MATCHES,
  ...RATEEST_EXTENSIONS,
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
