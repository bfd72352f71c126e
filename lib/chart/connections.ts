import { type Picture, picture } from "./picture";
import { endpoint, heading, pill, pillWidth, tint, WIDTH } from "./sketch/pen";
import type { Mark } from "./sketch/scene";
import { elide, textWidth, wrap } from "./sketch/type";

/** One end of a TCP connection as a socket knows it. */
export interface SocketEnd {
  readonly address: string;
  readonly port: number;
}

/** A line of a request or reply: what a proxy added stands out. */
export interface HeaderLine {
  readonly text: string;
  readonly added?: boolean;
}

/** One connection between two parties. */
export interface Connection {
  /** Name of the party that opened it, and of the one that accepted. */
  readonly from: string;
  readonly to: string;
  /** The opener's own socket, and the address it connected to. */
  readonly local: SocketEnd;
  readonly remote: SocketEnd;
  /** The peer's address as the accepting side sees it, where it is another (NAT, PROXY protocol). */
  readonly seen?: SocketEnd;
  /** `TCP`, `TLS`, `HTTP CONNECT`. Default: `TCP`. */
  readonly protocol?: string;
  /** What goes through it: the request line and its headers. */
  readonly lines?: readonly HeaderLine[];
  /** A fact: `the proxy resolves the name`. */
  readonly note?: string;
  readonly state?: "open" | "closed" | "refused";
}

export interface ConnectionsView {
  readonly title: string;
  readonly fact?: string;
  /** In order from left to right. Default: in order of appearance. */
  readonly parties?: readonly { readonly name: string; readonly detail?: string }[];
  readonly connections: readonly Connection[];
  readonly notes?: readonly string[];
}

const HEAD = 40;
const EDGE = 72;
const LINES = 10;

/**
 * Draws who talks to whom: the parties as columns, each TCP connection as a bar of its own between two of them, with
 * the addresses that each side sees and what a proxy added to the request in tinted boxes.
 *
 * Shell: `ss -tn` on every party, and the access logs, put together.
 */
export function connectionsPicture(view: ConnectionsView): Picture {
  const names = [...new Set(view.connections.flatMap((one) => [one.from, one.to]))];
  const parties = [
    ...(view.parties ?? []),
    ...names
      .filter((name) => !view.parties?.some((party) => party.name === name))
      .map((name) => ({ name, detail: undefined })),
  ];
  const many = view.connections.length;
  const fact = view.fact ?? (many === 1 ? "one TCP connection" : `${many} TCP connections`);
  const head = heading(view.title, fact);
  const marks: Mark[] = [...head.marks];
  const top = head.height + 8;
  const gap = parties.length > 1 ? (WIDTH - 2 * EDGE) / (parties.length - 1) : 0;
  const x = (name: string) => {
    const index = parties.findIndex((party) => party.name === name);
    return parties.length === 1 ? WIDTH / 2 : EDGE + Math.max(0, index) * gap;
  };
  const boxWidth = Math.min(2 * EDGE, parties.length > 1 ? gap - 8 : 220);
  for (const party of parties) {
    const at = x(party.name);
    marks.push({
      kind: "box",
      x: at - boxWidth / 2,
      y: top,
      width: boxWidth,
      height: HEAD,
      fill: "card",
      stroke: "edge",
      radius: 5,
    });
    marks.push(
      ...centred(party.name, "head", at, top + (party.detail === undefined ? 25 : 17), boxWidth - 12),
    );
    if (party.detail !== undefined)
      marks.push(...centred(party.detail, "codeSmall", at, top + 32, boxWidth - 8));
  }
  let y = top + HEAD + 14;
  const bands: (readonly [number, number, number, number])[] = [];
  view.connections.forEach((connection, i) => {
    y = drawConnection(connection, i + 1, x, y, marks, bands) + 14;
  });
  for (const party of parties) marks.push(...lifeline(x(party.name), top + HEAD, y - 6, bands));
  for (const note of view.notes ?? []) {
    for (const line of wrap(note, "body", WIDTH, 3)) {
      marks.push({ kind: "text", x: 0, y: y + 12, text: line, role: "body", tone: "mute" });
      y += 17;
    }
  }
  return picture(
    { width: WIDTH, height: y + 4, description: `${view.title}: ${fact}`, marks },
    connectionsText(view, fact),
  );
}

function centred(
  text: string,
  role: "head" | "codeSmall",
  x: number,
  y: number,
  room: number,
): readonly Mark[] {
  const short = elide(text, role, room);
  const mark: Mark = {
    kind: "text",
    x,
    y,
    text: short,
    role,
    tone: role === "head" ? "ink" : "mute",
    align: "center",
  };
  return short === text
    ? [mark]
    : [mark, { kind: "hit", x: x - room / 2, y: y - 12, width: room, height: 16, tip: text }];
}

function lifeline(
  x: number,
  top: number,
  bottom: number,
  bands: readonly (readonly [number, number, number, number])[],
): readonly Mark[] {
  const cuts = bands.filter(([left, right]) => left - 4 < x && x < right + 4).sort((a, b) => a[2] - b[2]);
  const marks: Mark[] = [];
  let from = top;
  const put = (to: number) => {
    if (to > from)
      marks.push({
        kind: "line",
        points: [
          [x, from],
          [x, to],
        ],
        stroke: "edge",
        thick: 1.5,
      });
  };
  for (const [, , start, end] of cuts) {
    put(start);
    from = Math.max(from, end);
  }
  put(bottom);
  return marks;
}

function drawConnection(
  connection: Connection,
  number: number,
  x: (name: string) => number,
  top: number,
  marks: Mark[],
  bands: (readonly [number, number, number, number])[],
): number {
  const [a, b] = [x(connection.from), x(connection.to)];
  const [left, right] = a <= b ? [a, b] : [b, a];
  const word = `${number} · ${connection.protocol ?? "TCP"}`;
  const size = pillWidth(word);
  const header = `${endpoint(connection.local.address, connection.local.port)} → ${endpoint(connection.remote.address, connection.remote.port)}`;
  const room = WIDTH - size - 14;
  const short = elide(header, "codeSmall", room);
  const width = size + 8 + textWidth(short, "codeSmall");
  const start = Math.max(2, Math.min((left + right) / 2 - width / 2, WIDTH - width - 2));
  let y = top + 12;
  marks.push(...pill(word, "rawPill", start, y, size), {
    kind: "text",
    x: start + size + 8,
    y,
    text: short,
    role: "codeSmall",
  });
  if (short !== header) marks.push({ kind: "hit", x: start, y: y - 12, width, height: 16, tip: header });
  bands.push([start, start + width, top - 2, top + 18]);
  y += 15;
  const state = connection.state ?? "open";
  marks.push(
    {
      kind: "line",
      points: [
        [a, y],
        [b, y],
      ],
      stroke: state === "refused" ? "bad" : "ink",
      thick: 6,
      dashed: state !== "open",
    },
    { kind: "dot", x: a, y, radius: 6, fill: "ground", stroke: "ink" },
    { kind: "dot", x: b, y, radius: 6, fill: state === "refused" ? "bad" : "ink" },
  );
  y += 10;
  const from = y;
  const textLeft = Math.max(2, Math.min(left + 12, WIDTH - 360));
  const textRoom = WIDTH - textLeft - 4;
  let widest = 0;
  const put = (
    text: string,
    role: "codeSmall" | "codeSmallBold" | "body",
    tone: "ink" | "mute",
    tinted: boolean,
  ) => {
    const cut = elide(text, role, textRoom - 8);
    const wide = textWidth(cut, role);
    if (tinted) marks.push(tint(textLeft + 4, y + 12, wide));
    marks.push({ kind: "text", x: textLeft + 4, y: y + 12, text: cut, role, tone });
    if (cut !== text) marks.push({ kind: "hit", x: textLeft, y, width: textRoom, height: 16, tip: text });
    widest = Math.max(widest, wide + 8);
    y += 17;
  };
  const seen = connection.seen;
  if (seen !== undefined)
    put(`${connection.to} sees ${endpoint(seen.address, seen.port)}`, "codeSmallBold", "ink", true);
  const lines = connection.lines ?? [];
  for (const line of lines.slice(0, LINES)) {
    put(line.text, line.added === true ? "codeSmallBold" : "codeSmall", "ink", line.added === true);
  }
  if (lines.length > LINES) put(`… and ${lines.length - LINES} more lines`, "body", "mute", false);
  if (state !== "open") put(state === "refused" ? "⊘ refused" : "closed", "body", "ink", false);
  for (const line of connection.note === undefined ? [] : wrap(connection.note, "body", textRoom - 8, 3)) {
    put(line, "body", "mute", false);
  }
  if (y > from) bands.push([textLeft, textLeft + widest, from, y + 2]);
  return y;
}

function connectionsText(view: ConnectionsView, fact: string): string {
  const lines = [`${view.title} · ${fact}`];
  for (const party of view.parties ?? [])
    lines.push(`  ${party.name}${party.detail === undefined ? "" : ` (${party.detail})`}`);
  view.connections.forEach((one, i) => {
    const { local, remote, seen } = one;
    lines.push(
      `${i + 1}. ${one.from} → ${one.to}, ${one.protocol ?? "TCP"}: ${endpoint(local.address, local.port)} → ${endpoint(remote.address, remote.port)}${one.state === undefined || one.state === "open" ? "" : `, ${one.state}`}`,
    );
    if (seen !== undefined) lines.push(`   ${one.to} sees ${endpoint(seen.address, seen.port)}`);
    for (const line of one.lines ?? []) lines.push(`   ${line.added === true ? "+ " : "  "}${line.text}`);
    if (one.note !== undefined) lines.push(`   ${one.note}`);
  });
  lines.push(...(view.notes ?? []));
  return lines.join("\n");
}
