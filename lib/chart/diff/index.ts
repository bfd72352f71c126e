import { type Picture, picture } from "../picture";
import { elide, textWidth } from "../sketch/font-metrics";
import { Layout } from "../sketch/layout";
import type { Mark } from "../sketch/scene";
import { count, heading, thousands, WIDTH } from "../sketch/shapes";
import {
  type ChangeKind,
  type ChangeView,
  changeOf,
  type DiffView,
  KINDS,
  type PlaceDiffView,
} from "./change";
import { entry, GAP, LINE, RIGHT, SIGN_X, TEXT } from "./entry";

export type { ChangeKind, ChangeView, DiffView } from "./change";

/** Number of changes of one kind shown initially. A click shows the others. */
const SHOWN = 8;
const OPENED = 60;

/**
 * Draws the changes made by an action: for each namespace the interfaces, addresses, routes, rules and listeners that
 * were added (＋, on a card), removed (−, struck out) or changed (~, the new part in a tinted box).
 *
 * Shell: `diff <(before) <(after)` of `ip addr`, `ip route`, `iptables-save`, `ss -ltn`, compared by object instead of by line.
 *
 * For two snapshots, `lab.diff` calls this with the differences.
 *
 * @example
 * import { diffPicture } from "wirebook";
 *
 * const added = { kind: "link", after: "7: veth1@if8 veth mtu 1500 up" } as const;
 * const picture = diffPicture({ action: "ip link add veth1 …", places: [{ place: "host1", changes: [added] }] });
 * console.log(picture.text);
 */
export function diffPicture(diff: DiffView): Picture {
  const places = diff.places.map((place) => ({
    ...place,
    changes: place.changes.filter(changeOf).map(withoutChain),
  }));
  const changes = places.flatMap((place) => place.changes);
  const layout = new Layout();
  const title = diff.action ?? "before and after";
  const fact = summary(changes);
  const head = heading(title, fact);
  layout.put(...head.marks);
  layout.y = head.height + 10;
  for (const place of places) {
    layout.frame(() => drawPlace(layout, place));
    layout.y += 14;
  }
  return picture(layout.scene(WIDTH, `${title}: ${fact}`), diffText(title, fact, places));
}

/** Removes `-A CHAIN` from a rule, because the picture shows the chain before it. */
function withoutChain(change: ChangeView): ChangeView {
  if (change.kind !== "rule" || change.chain === undefined) return change;
  const start = `-A ${change.chain} `;
  const bare = (text: string) => (text.startsWith(start) ? text.slice(start.length) : text);
  return {
    ...change,
    ...(change.before === undefined ? {} : { before: bare(change.before) }),
    ...(change.after === undefined ? {} : { after: bare(change.after) }),
  };
}

function summary(changes: readonly ChangeView[]): string {
  if (changes.length === 0) return "nothing changed";
  const parts: string[] = [];
  for (const what of ["added", "removed", "changed"] as const) {
    const number = changes.filter((change) => changeOf(change) === what).length;
    if (number > 0) parts.push(`${number} ${what}`);
  }
  return parts.join(", ");
}

function byKind(changes: readonly ChangeView[]): readonly (readonly [ChangeKind, readonly ChangeView[]])[] {
  const kinds = Object.keys(KINDS).filter((kind): kind is ChangeKind => kind in KINDS);
  return kinds
    .map((kind) => [kind, changes.filter((change) => change.kind === kind)] as const)
    .filter(([, some]) => some.length > 0);
}

function drawPlace(layout: Layout, { place, changes }: PlaceDiffView): void {
  const top = layout.y;
  const name = elide(place, "head", WIDTH / 2);
  const fact = summary(changes);
  layout.put(
    { kind: "text", x: SIGN_X - 4, y: top + 21, text: name, role: "head" },
    {
      kind: "text",
      x: SIGN_X + 8 + textWidth(name, "head"),
      y: top + 21,
      text: elide(fact, "small", WIDTH / 2 - 40),
      role: "small",
      tone: "mute",
    },
  );
  layout.y += 34;
  for (const [kind, some] of byKind(changes)) {
    const words = count(some.length, KINDS[kind].one, KINDS[kind].many);
    layout.put({ kind: "text", x: SIGN_X - 4, y: layout.y + 12, text: words, role: "small", tone: "mute" });
    layout.put({
      kind: "line",
      points: [
        [SIGN_X + 4 + textWidth(words, "small"), layout.y + 8],
        [WIDTH - 12, layout.y + 8],
      ],
      stroke: "faint",
    });
    layout.y += 20;
    for (const change of some.slice(0, SHOWN)) {
      const drawn = entry(change, layout.y);
      layout.put(...drawn.marks);
      layout.y += drawn.height;
    }
    drawRest(layout, some.slice(SHOWN));
    layout.y += 6;
  }
  layout.y += 4;
}

/** Draws the hidden part of a long list. */
function drawRest(layout: Layout, rest: readonly ChangeView[]): void {
  if (rest.length === 0) return;
  const y = layout.y + 12;
  const content: Mark[] = [];
  let at = layout.y + LINE + GAP;
  const top = at;
  for (const change of rest.slice(0, OPENED)) {
    const drawn = entry(change, at);
    content.push(...drawn.marks);
    at += drawn.height;
  }
  if (rest.length > OPENED) {
    content.push({
      kind: "text",
      x: TEXT,
      y: at + 12,
      text: `… and ${thousands(rest.length - OPENED)} more, see the text of this picture`,
      role: "body",
      tone: "mute",
    });
    at += LINE + GAP;
  }
  layout.y += LINE + GAP;
  const says = `${thousands(rest.length)} more: ${summary(rest)}`;
  layout.fold(at - top, content, (fold) => [
    { kind: "text", x: TEXT, y, text: "▸", role: "body", tone: "mute", whileClosed: fold },
    { kind: "text", x: TEXT, y, text: "▾", role: "body", inside: fold },
    { kind: "text", x: TEXT + 14, y, text: says, role: "body", tone: "mute" },
    {
      kind: "hit",
      x: TEXT - 8,
      y: y - 14,
      width: RIGHT - TEXT + 8,
      height: 20,
      opens: fold,
      tip: "click to open and close",
    },
  ]);
}

function diffText(title: string, fact: string, places: readonly PlaceDiffView[]): string {
  const lines = [`${title} · ${fact}`];
  for (const { place, changes } of places) {
    lines.push(`${place}: ${summary(changes)}`);
    for (const [kind, some] of byKind(changes)) {
      lines.push(`  ${count(some.length, KINDS[kind].one, KINDS[kind].many)}`);
      for (const change of some) {
        const where = [change.table, change.chain].filter((part) => part !== undefined).join(" ");
        const at = where === "" ? "" : `${where}: `;
        if (change.before !== undefined) lines.push(`  - ${at}${change.before}`);
        if (change.after !== undefined) lines.push(`  + ${at}${change.after}`);
        if (change.words !== undefined) lines.push(`      ${change.words}`);
      }
    }
  }
  return lines.join("\n");
}
