import { elide, textWidth } from "../sketch/font-metrics";
import type { Layout } from "../sketch/layout";
import type { Mark } from "../sketch/scene";
import { pill, pillWidth, thousands, WIDTH } from "../sketch/shapes";
import { chanceText } from "../traversal/phrases";
import { shareOf } from "./fair";
import type { ServiceEndpoint, ServiceView } from "./view";

const CHAINS = 214;
const SPLIT = 244;
const ENDS = 272;
const END_WIDTH = 282;
export const BARS = 576;
const BAR_ROOM = 152;
const ROW = 62;
/** Number of endpoints shown initially. A click shows the others. */
const SHOWN = 16;
const OPENED = 200;

/** Draws the chains up to the random choice on the left, the endpoints on the right, and the counts next to them. */
export function drawTree(layout: Layout, service: ServiceView, total: number): void {
  const top = layout.y;
  const shown = service.endpoints.slice(0, SHOWN);
  const chainsHeight = service.chains.length * 62;
  const endsHeight = Math.max(1, shown.length) * ROW;
  const height = Math.max(chainsHeight, endsHeight);
  const middle = top + height / 2;
  const firstChain = middle - chainsHeight / 2;
  service.chains.forEach((one, i) => {
    const y = firstChain + i * 62 + 14;
    layout.put(...chainBox(one.chain, one.says, y));
    if (i > 0) {
      layout.put({
        kind: "line",
        points: [
          [CHAINS / 2, y - 18],
          [CHAINS / 2, y - 1],
        ],
        stroke: "ink",
        thick: 2,
        arrow: true,
      });
    }
  });
  const from = service.chains.length === 0 ? middle : firstChain + (service.chains.length - 1) * 62 + 36;
  const firstEnd = middle - endsHeight / 2;
  const scale = barScale(service.endpoints, total);
  shown.forEach((end, i) => {
    const y = firstEnd + i * ROW;
    layout.put(
      ...branch(from, y + 36, service.chains.length > 0),
      ...endBox(end, y, total, scale, shown.length),
    );
  });
  if (service.endpoints.length === 0) {
    layout.put(...branch(from, firstEnd + 36, service.chains.length > 0));
    const word = "⊘ no endpoint";
    layout.put(...pill(word, "badPill", ENDS, firstEnd + 40, pillWidth(word)));
  }
  layout.y = top + height + 4;
  const rest = service.endpoints.slice(SHOWN);
  if (rest.length === 0) return;
  const content: Mark[] = [];
  const row = layout.y + 12;
  rest.slice(0, OPENED).forEach((end, i) => {
    content.push(...restLine(end, row + 20 + i * 17));
  });
  layout.y += 22;
  layout.fold(Math.min(rest.length, OPENED) * 17 + 8, content, (fold) => [
    { kind: "text", x: ENDS, y: row, text: "▸", role: "body", tone: "mute", whileClosed: fold },
    { kind: "text", x: ENDS, y: row, text: "▾", role: "body", inside: fold },
    {
      kind: "text",
      x: ENDS + 14,
      y: row,
      text: `${thousands(rest.length)} more endpoints`,
      role: "body",
      tone: "mute",
    },
    {
      kind: "hit",
      x: ENDS - 8,
      y: row - 14,
      width: END_WIDTH,
      height: 20,
      opens: fold,
      tip: "click to open and close",
    },
  ]);
}

function chainBox(chain: string, says: string | undefined, y: number): readonly Mark[] {
  const room = CHAINS - 20;
  const name = elide(chain, "codeBold", room);
  const fact = says === undefined ? undefined : elide(says, "codeSmall", room);
  const full = says === undefined ? chain : `${chain}: ${says}`;
  const cut = name !== chain || fact !== says;
  return [
    { kind: "box", x: 0.5, y, width: CHAINS, height: 44, fill: "card", stroke: "nat", thick: 1.5, radius: 6 },
    { kind: "text", x: 10, y: y + (fact === undefined ? 26 : 18), text: name, role: "codeBold" },
    ...(fact === undefined
      ? []
      : [{ kind: "text", x: 10, y: y + 35, text: fact, role: "codeSmall", tone: "mute" } as const]),
    ...(cut ? [{ kind: "hit", x: 0, y, width: CHAINS, height: 44, tip: full } as const] : []),
  ];
}

function branch(from: number, to: number, rooted: boolean): readonly Mark[] {
  if (!rooted) return [];
  const points: readonly (readonly [number, number])[] =
    Math.abs(from - to) < 1
      ? [
          [CHAINS + 2, from],
          [ENDS - 3, to],
        ]
      : [
          [CHAINS + 2, from],
          [SPLIT, from],
          [SPLIT, to],
          [ENDS - 3, to],
        ];
  return [{ kind: "line", points, stroke: "ink", thick: 2, arrow: true }];
}

/** Scales the bars so that the largest expected or counted number fits. */
function barScale(ends: readonly ServiceEndpoint[], total: number): number {
  const most = Math.max(
    ...ends.map((end) => Math.max(shareOf(end.probability), total === 0 ? 0 : (end.counted ?? 0) / total)),
    0,
  );
  return most === 0 ? 0 : (BAR_ROOM - 4) / most;
}

function endBox(
  end: ServiceEndpoint,
  y: number,
  total: number,
  scale: number,
  many: number,
): readonly Mark[] {
  const chance = chanceText(end.probability);
  const condition = end.condition === undefined ? chance : `${end.condition} · ${chance}`;
  const box = y + 16;
  const bad = end.refused !== undefined;
  const marks: Mark[] = [
    {
      kind: "text",
      x: ENDS + 2,
      y: y + 11,
      text: elide(many === 1 && chance === "p = 1" ? "always" : condition, "smallBold", END_WIDTH),
      role: "smallBold",
      tone: "mute",
    },
    {
      kind: "box",
      x: ENDS,
      y: box,
      width: END_WIDTH,
      height: 40,
      fill: "card",
      stroke: bad ? "bad" : "edge",
      radius: 6,
    },
  ];
  if (bad) {
    const word = `⊘ ${end.refused}`;
    marks.push(
      ...pill(word, "badPill", ENDS + 10, box + ((end.chain ?? end.name) ? 17 : 24), pillWidth(word)),
    );
  } else {
    marks.push({
      kind: "text",
      x: ENDS + 10,
      y: box + 17,
      text: elide(end.address ?? "", "codeBold", END_WIDTH - 20),
      role: "codeBold",
    });
  }
  const name = end.name ?? "";
  const nameRoom = name === "" ? 0 : Math.min(textWidth(name, "small"), END_WIDTH * 0.5);
  if (name !== "") {
    marks.push({
      kind: "text",
      x: ENDS + 10,
      y: box + 33,
      text: elide(name, "small", nameRoom),
      role: "small",
      tone: "mute",
    });
  }
  if (end.chain !== undefined) {
    const room = END_WIDTH - 20 - (nameRoom > 0 ? nameRoom + 10 : 0);
    marks.push({
      kind: "text",
      x: ENDS + END_WIDTH - 10,
      y: box + 33,
      text: elide(end.chain, "codeSmall", room),
      role: "codeSmall",
      tone: "mute",
      align: "right",
    });
  }
  marks.push({
    kind: "hit",
    x: ENDS,
    y: box,
    width: END_WIDTH,
    height: 40,
    tip: [end.address ?? end.refused, end.name, end.chain, condition]
      .filter((part) => part !== undefined)
      .join(" · "),
  });
  if (end.counted !== undefined && total > 0) marks.push(...bars(end, end.counted, box, total, scale));
  return marks;
}

function bars(
  end: ServiceEndpoint,
  counted: number,
  box: number,
  total: number,
  scale: number,
): readonly Mark[] {
  const expected = BARS + shareOf(end.probability) * scale;
  return [
    {
      kind: "box",
      x: BARS,
      y: box + 11,
      width: (counted / total) * scale,
      height: 18,
      fill: "nat",
      radius: 3,
    },
    {
      kind: "line",
      points: [
        [expected, box + 5],
        [expected, box + 35],
      ],
      stroke: "ink",
      thick: 1.5,
      dashed: true,
    },
    {
      kind: "text",
      x: WIDTH,
      y: box + 24,
      text: thousands(counted),
      role: "code",
      align: "right",
    },
  ];
}

function restLine(end: ServiceEndpoint, y: number): readonly Mark[] {
  const parts = [end.address ?? end.refused ?? "", end.name, chanceText(end.probability), end.chain];
  const counted = end.counted === undefined ? [] : [`counted ${end.counted}`];
  const text = [...parts, ...counted].filter((part) => part !== undefined && part !== "").join("  ");
  return [{ kind: "text", x: ENDS, y, text: elide(text, "codeSmall", WIDTH - ENDS), role: "codeSmall" }];
}
