/** The kinds of changed objects, in the order of the picture. */
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
 * One object that was removed (`before`), added (`after`) or changed (both). The texts are lines as printed by `ip`,
 * by `iptables-save` without counters, or by `ss`.
 */
export interface ChangeView {
  readonly kind: ChangeKind;
  /** Rules and chains: `{ table: "nat", chain: "DOCKER" }`. The table determines the colour. */
  readonly table?: string;
  readonly chain?: string;
  readonly before?: string;
  readonly after?: string;
  /** Explanation in words. */
  readonly words?: string;
}

/** The changes in one network namespace. */
export interface PlaceDiffView {
  readonly place: string;
  readonly changes: readonly ChangeView[];
}

/** The changes made by an action, with one entry per inspected namespace, even if it has no changes. */
export interface DiffView {
  /** The action, as a command: `docker run -d -p 8080:80 web`. Default: none. */
  readonly action?: string;
  readonly places: readonly PlaceDiffView[];
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

/** Returns `added`, `removed` or `changed`, or undefined for an entry without texts. */
export function changeOf(change: ChangeView): "added" | "removed" | "changed" | undefined {
  if (change.before === undefined) return change.after === undefined ? undefined : "added";
  return change.after === undefined ? "removed" : "changed";
}

/** Splits `after` into words and marks those that `before` does not have. */
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
