import type { Mark } from "../sketch/scene";
import { label, linkName } from "./block";
import type { Port } from "./graph";

/** Draws a veth pair as a line with the names of both ends and the counters of the far end. */
export function vethLine(
  near: Port,
  x: number,
  top: number,
  bottom: number,
  room: number,
  named: boolean,
): readonly Mark[] {
  const far = near.peer;
  const up = near.link.up && (far?.link.up ?? true);
  const counters = far?.link.counters;
  const traffic =
    counters === undefined
      ? "⇅ pair"
      : `⇅ ${packets(counters.rxPackets)} in, ${packets(counters.txPackets)} out`;
  const marks: Mark[] = [
    {
      kind: "line",
      points: [
        [x, top],
        [x, bottom],
      ],
      stroke: "veth",
      thick: 2.5,
      dashed: !up,
    },
    { kind: "dot", x, y: top, radius: 4, fill: "veth" },
    { kind: "dot", x, y: bottom, radius: 4, fill: "veth" },
  ];
  let y = top + 17;
  if (named) {
    marks.push(...label(linkName(near.link), "codeSmall", x + 9, y, room, { tone: "mute" }));
    y += 15;
  }
  marks.push(...label(up ? traffic : "✕ down", "small", x + 9, y, room, { tone: up ? "mute" : "ink" }));
  if (far !== undefined) {
    marks.push(...label(linkName(far.link), "codeSmall", x + 9, bottom - 8, room, { tone: "mute" }));
  }
  return marks;
}

function packets(number: number): string {
  return number < 100_000 ? `${number}` : `${Math.round(number / 1000)}k`;
}
