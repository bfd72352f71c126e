import { ARP_EXTENSIONS } from "./arptables/header";
import type { Extension, OptionDeclaration, SyntaxFamily } from "./declare";
import { BRIDGE_MATCHES } from "./ebtables/match/ip";
import { BRIDGE_TARGETS } from "./ebtables/target/mark";
import { PLACE_MATCHES } from "./match/addrtype";
import { SYSTEM_MATCHES } from "./match/cluster";
import { CONNTRACK_MATCHES } from "./match/conntrack";
import { HEADER_EXTENSIONS } from "./match/dscp";
import { HASHLIMIT_MATCHES } from "./match/hashlimit";
import { ICMP_MATCHES } from "./match/icmp";
import { IPV6_EXTENSIONS } from "./match/ipv6header";
import { RATE_MATCHES } from "./match/limit";
import { OWNER_MATCHES } from "./match/owner";
import { POLICY_MATCHES } from "./match/policy";
import { RATEEST_EXTENSIONS } from "./match/rateest";
import { RECENT_MATCHES } from "./match/recent";
import { SET_EXTENSIONS } from "./match/set";
import { CONTENT_MATCHES } from "./match/string";
import { PORT_MATCHES } from "./match/tcp";
import { TIME_MATCHES } from "./match/time";
import { NAT_TARGETS } from "./shared/nat-range";
import { MARK_EXTENSIONS } from "./target/connmark";
import { TRACK_EXTENSIONS } from "./target/ct";
import { STEER_TARGETS } from "./target/hmark";
import { VERDICT_TARGETS } from "./target/reject";

/** Every match and target that this library knows. */
export const EXTENSIONS: readonly Extension[] = [
  ...ARP_EXTENSIONS,
  ...BRIDGE_MATCHES,
  ...BRIDGE_TARGETS,
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

type ByFamily = Readonly<Record<SyntaxFamily, Map<string, Extension>>>;

const byFamily = (): ByFamily => ({ ipv4: new Map(), ipv6: new Map(), arp: new Map(), bridge: new Map() });

const known: Readonly<Record<"match" | "target", ByFamily>> = { match: byFamily(), target: byFamily() };
for (const extension of EXTENSIONS)
  for (const family of extension.families) known[extension.kind][family].set(extension.name, extension);

const options = new Map<Extension, ReadonlyMap<string, OptionDeclaration>>();
for (const extension of EXTENSIONS) {
  const byName = new Map<string, OptionDeclaration>();
  for (const declaration of extension.options)
    for (const name of [declaration.name, ...(declaration.aliases ?? [])]) byName.set(name, declaration);
  options.set(extension, byName);
}

/** The matches whose options stand without `-m`. */
export const implicitMatches = (family: SyntaxFamily): readonly Extension[] =>
  EXTENSIONS.filter((extension) => extension.implicit && extension.families.includes(family));

/** The option of an extension by its full name or an alias. */
export const optionOf = (extension: Extension, name: string): OptionDeclaration | undefined =>
  options.get(extension)?.get(name);

/** Names under which iptables finds the match of a protocol (xtables.c, xtables_find_match). */
const SAME: ReadonlyMap<string, string> = new Map([
  ["icmpv6", "icmp6"],
  ["ipv6-icmp", "icmp6"],
]);

/** The match or target of that name in a family. */
export function extensionFor(
  kind: "match" | "target",
  name: string,
  family: SyntaxFamily,
): Extension | undefined {
  return known[kind][family].get(kind === "match" ? (SAME.get(name) ?? name) : name);
}

/** The match that `-p PROTOCOL` loads by itself when one of its options follows. */
export function matchOfProtocol(protocol: string, family: SyntaxFamily): Extension | undefined {
  const found = extensionFor("match", protocol, family);
  return found?.protocols ? found : undefined;
}
