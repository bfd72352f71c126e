/** What kind of thing changed: the order in which the picture lists them. */
export type ChangeKind =
  | "link"
  | "address"
  | "route"
  | "policy rule"
  | "neighbour"
  | "forwarding"
  | "sysctl"
  | "chain"
  | "rule"
  | "connection"
  | "listener";

/**
 * One thing that is there only before (`before`), only after (`after`), or in both but otherwise. The texts are what
 * the tool prints: a line of `ip`, of `iptables-save` without counters, of `ss`.
 */
export interface Change {
  readonly kind: ChangeKind;
  /** Rules and chains: `{ table: "nat", chain: "DOCKER" }`; its table gives the colour. */
  readonly table?: string;
  readonly chain?: string;
  readonly before?: string;
  readonly after?: string;
  /** What it means, in words. */
  readonly words?: string;
}

/** What changed in one network namespace. */
export interface PlaceDiff {
  readonly place: string;
  readonly changes: readonly Change[];
}

/** What an action changed: one entry for each namespace that was looked at, also where nothing changed. */
export interface Diff {
  /** What was done between before and after, as one would type it: `docker run -d -p 8080:80 web`. */
  readonly action?: string;
  readonly places: readonly PlaceDiff[];
}

export const KINDS: Readonly<Record<ChangeKind, { readonly one: string; readonly many: string }>> = {
  link: { one: "interface", many: "interfaces" },
  address: { one: "address", many: "addresses" },
  route: { one: "route", many: "routes" },
  "policy rule": { one: "policy rule", many: "policy rules" },
  neighbour: { one: "neighbour", many: "neighbours" },
  forwarding: { one: "forwarding entry", many: "forwarding entries" },
  sysctl: { one: "sysctl", many: "sysctls" },
  chain: { one: "chain", many: "chains" },
  rule: { one: "rule", many: "rules" },
  connection: { one: "connection", many: "connections" },
  listener: { one: "listener", many: "listeners" },
};

/** `added`, `removed` or `changed`; nothing at all for an entry without texts. */
export function changeOf(change: Change): "added" | "removed" | "changed" | undefined {
  if (change.before === undefined) return change.after === undefined ? undefined : "added";
  return change.after === undefined ? "removed" : "changed";
}

/** Parts of the words of two texts: what only `after` has is marked. */
export function markNew(
  before: string,
  after: string,
): readonly { readonly text: string; readonly isNew: boolean }[] {
  const old = new Map<string, number>();
  for (const word of before.split(/\s+/)) old.set(word, (old.get(word) ?? 0) + 1);
  const parts: { text: string; isNew: boolean }[] = [];
  for (const word of after.split(/\s+/)) {
    const left = old.get(word) ?? 0;
    if (left > 0) old.set(word, left - 1);
    const isNew = left === 0;
    const last = parts.at(-1);
    if (last !== undefined && last.isNew === isNew) last.text += ` ${word}`;
    else parts.push({ text: word, isNew });
  }
  return parts;
}
