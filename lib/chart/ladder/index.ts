import type { Traversal } from "../../netfilter/model";
import { type Picture, picture } from "../picture";
import { Columns } from "../sketch/columns";
import type { Mark } from "../sketch/scene";
import { endpoint, headerText, heading, WIDTH } from "../sketch/shapes";
import { VERDICTS } from "../traversal/phrases";
import { visitsOf } from "../traversal/row";
import { drawRung } from "./draw";
import { columnsOf, type Rung, rungsOf } from "./rung";

export interface LadderOptions {
  /** Default: the packet's addresses and port. */
  readonly title?: string;
  /** Index of the outcome to draw. Default: 0. */
  readonly outcome?: number;
  /** The traversal of the reply, drawn dashed below. */
  readonly reply?: Traversal;
  /** Text below the name of a place: `pod · 10.244.1.2`. Default: the address that it sends from or receives at. */
  readonly facts?: Readonly<Record<string, string>>;
}

/**
 * Draws the addresses and ports of one packet at every hop, with changes in tinted boxes. Below, dashed, draws the
 * reply, for which conntrack reverses the NAT.
 *
 * @throws RangeError if the traversal has no such outcome.
 * @example
 * import { ladderPicture, parseRuleset, traverse } from "wirebook";
 *
 * const packet = {
 *   family: "ipv4", src: "192.0.2.1", dst: "127.0.0.1", protocol: "udp", sport: 5000, dport: 53,
 *   ttl: 64, tos: 0, length: 60, mark: 0,
 * } as const;
 * const host = { place: "host1", rulesets: [parseRuleset("*filter\n:INPUT DROP [0:0]\nCOMMIT\n")] };
 * const picture = ladderPicture(traverse(host, packet, { from: { in: "eth0" } }), { title: "a DNS query" });
 * console.log(picture.text);
 */
export function ladderPicture(traversal: Traversal, options: LadderOptions = {}): Picture {
  const outcome = traversal.outcomes[options.outcome ?? 0];
  if (outcome === undefined) {
    throw new RangeError(
      `the path has ${traversal.outcomes.length} outcomes, there is none at ${options.outcome ?? 0}`,
    );
  }
  const answer = options.reply?.outcomes[0];
  const visits = visitsOf(outcome.steps);
  const columns = columnsOf(traversal.packet, outcome, visits);
  const rungs: Rung[] = [...rungsOf(traversal, outcome, visits, columns, false)];
  if (answer !== undefined && options.reply !== undefined) {
    rungs.push({ kind: "turn" }, ...rungsOf(options.reply, answer, visitsOf(answer.steps), columns, true));
  }
  const title =
    options.title ??
    `${endpoint(traversal.packet.src, traversal.packet.sport)} → ${endpoint(traversal.packet.dst, traversal.packet.dport)}`;
  const fact =
    answer === undefined ? "the addresses at every hop" : "the addresses at every hop, there and back";
  const head = heading(title, fact);
  const top = head.height + 8;
  const parties = new Columns(
    columns.map((name, i) => ({ name, fact: options.facts?.[name] ?? defaultFact(name, i, columns, rungs) })),
  );
  const marks: Mark[] = [...head.marks, ...parties.heads(top)];
  let y = parties.below(top);
  for (const rung of rungs) y = drawRung(rung, y, parties, marks);
  marks.push(...parties.lines(top, y));
  return picture(
    { width: WIDTH, height: y + 6, description: `${title}: ${fact}`, marks },
    ladderText(title, fact, columns, rungs),
  );
}

function defaultFact(
  name: string,
  column: number,
  columns: readonly string[],
  rungs: readonly Rung[],
): string {
  const arrows = rungs.flatMap((rung) => (rung.kind === "arrow" && !rung.reply ? [rung] : []));
  const arrives = rungs.some((rung) => rung.kind === "seen" && rung.at === column);
  const address =
    column === 0
      ? arrows[0]?.packet.src
      : column === columns.length - 1 && arrives
        ? arrows.at(-1)?.packet.dst
        : undefined;
  return address === undefined || address === name ? "" : address;
}

function ladderText(title: string, fact: string, columns: readonly string[], rungs: readonly Rung[]): string {
  const name = (column: number) => columns[column] ?? "?";
  const lines = rungs.map((rung) => rungText(rung, name));
  return [`${title} · ${fact}`, "request:", ...lines].join("\n");
}

function rungText(rung: Rung, name: (column: number) => string): string {
  switch (rung.kind) {
    case "arrow":
      return `  ${name(rung.from)} → ${name(rung.to)}: ${headerText(rung.packet)}`;
    case "card":
      return `  ${name(rung.at)}: ${rung.table} ${rung.title}, ${rung.detail}`;
    case "seen":
      return `  ${name(rung.at)}: ${rung.text}`;
    case "stop":
      return `  ${name(rung.at)}: ${VERDICTS[rung.outcome.verdict].word}, ${rung.text}`;
    case "turn":
      return "reply:";
  }
}
