import type { Extension, OptionDeclaration, SyntaxFamily } from "../declare";
import { ARP_EXTENSIONS } from "./arp";
import { BRIDGE_MATCHES } from "./bridge";
import { BRIDGE_TARGETS } from "./bridge-targets";
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
