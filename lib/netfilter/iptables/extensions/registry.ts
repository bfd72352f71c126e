import type { SyntaxFamily } from "../context";
import { ARPTABLES_EXTENSIONS } from "./arptables";
import { EBTABLES_MATCHES } from "./ebtables/match";
import { EBTABLES_TARGETS } from "./ebtables/target";
import type { Extension, OptionDeclaration } from "./extension";
import { MATCHES } from "./match";
import { TARGETS } from "./target";

/** Every match and target of iptables, ip6tables, arptables and ebtables. */
export const EXTENSIONS: readonly Extension[] = [
  ...ARPTABLES_EXTENSIONS,
  ...EBTABLES_MATCHES,
  ...EBTABLES_TARGETS,
  ...MATCHES,
  ...TARGETS,
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

/** The matches whose options need no `-m`. */
export const implicitMatches = (family: SyntaxFamily): readonly Extension[] =>
  EXTENSIONS.filter((extension) => extension.implicit && extension.families.includes(family));

/** Finds an option of an extension by its full name or an alias. */
export const optionOf = (extension: Extension, name: string): OptionDeclaration | undefined =>
  options.get(extension)?.get(name);

/** Protocols whose match has another name (xtables.c, xtables_find_match). */
const PROTOCOL_MATCHES: ReadonlyMap<string, string> = new Map([
  ["icmpv6", "icmp6"],
  ["ipv6-icmp", "icmp6"],
]);

/** Finds a match or target by name. */
export function extensionFor(
  kind: "match" | "target",
  name: string,
  family: SyntaxFamily,
): Extension | undefined {
  return known[kind][family].get(kind === "match" ? (PROTOCOL_MATCHES.get(name) ?? name) : name);
}

/** The match that iptables loads for `-p PROTOCOL` if one of its options follows. */
export function matchOfProtocol(protocol: string, family: SyntaxFamily): Extension | undefined {
  const found = extensionFor("match", protocol, family);
  return found?.protocols ? found : undefined;
}
