import { withoutUndefined } from "../without-undefined";
import { type Picture, picture } from "./picture";
import { Columns } from "./sketch/columns";
import { elide, textWidth, wrap } from "./sketch/font-metrics";
import type { Mark } from "./sketch/scene";
import { endpoint, heading, pill, pillWidth, tint, WIDTH } from "./sketch/shapes";

/** One end of a TCP connection, as its socket shows it. */
export interface SocketEnd {
  readonly address: string;
  readonly port: number;
}

/** A line of a request or reply. Lines that a proxy added are highlighted. */
export interface HeaderLine {
  readonly text: string;
  readonly added?: boolean;
}

/** One connection between two parties. */
export interface Connection {
  /** Names of the client and the server of the connection. */
  readonly from: string;
  readonly to: string;
  /** The local and remote address of the client's socket. */
  readonly local: SocketEnd;
  readonly remote: SocketEnd;
  /** The client's address as the server sees it, if it differs (NAT, PROXY protocol). */
  readonly seen?: SocketEnd;
  /** `TCP`, `TLS`, `HTTP CONNECT`. Default: `TCP`. */
  readonly protocol?: string;
  /** The data sent: the request line and the headers. */
  readonly lines?: readonly HeaderLine[];
  /** A short note, for example `the proxy resolves the name`. */
  readonly note?: string;
  readonly state?: "open" | "closed" | "refused";
}

export interface ConnectionsView {
  readonly title: string;
  readonly fact?: string;
  /** From left to right. Default: in order of appearance in the connections. */
  readonly parties?: readonly { readonly name: string; readonly detail?: string }[];
  readonly connections: readonly Connection[];
  readonly notes?: readonly string[];
}

const LINES = 10;

/**
 * Draws TCP connections: the parties as columns, and each connection as a bar between two of them, with the addresses
 * that each side sees. Lines that a proxy added to the request are in tinted boxes.
 *
 * Shell: `ss -tn` on every party, combined with the access logs.
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
  const columns = new Columns(
    parties.map(({ name, detail }) => ({ name, ...withoutUndefined({ fact: detail }) })),
  );
  const x = (name: string) =>
    columns.x(
      Math.max(
        0,
        parties.findIndex((party) => party.name === name),
      ),
    );
  marks.push(...columns.heads(top));
  let y = columns.below(top) + 6;
  view.connections.forEach((connection, i) => {
    y = drawConnection(connection, i + 1, columns, x, y, marks) + 14;
  });
  marks.push(...columns.lines(top, y - 6));
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

function drawConnection(
  connection: Connection,
  number: number,
  columns: Columns,
  x: (name: string) => number,
  top: number,
  marks: Mark[],
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
  columns.keep({ left: start, right: start + width, top: top - 2, bottom: top + 18 });
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
  if (y > from) columns.keep({ left: textLeft, right: textLeft + widest, top: from, bottom: y + 2 });
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
