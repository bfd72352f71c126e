import type { Mark } from "../sketch/scene";
import { textWidth } from "../sketch/type";
import {
  type Block,
  CHIP_HEIGHT,
  type Hook,
  label,
  leaf,
  leafWidth,
  linkName,
  type Plug,
  shift,
} from "./block";
import { columnWidth, frame, frameWidth, groupsOf } from "./frame";
import type { Graph, Port, Spot } from "./graph";
import type { World } from "./world";

const GAP = 20;
const NETWORK = 46;
/** Room at the left for the network's trunk where it turns down to further rows. */
const TRUNK = 18;

/** Top-level places in rows: each hangs from the lab's network by its plug; cords between them run in lanes beneath. */
export function rowsBlock(spots: readonly Spot[], graph: Graph, world: World, width: number): Block {
  const names = new Set(spots.map((spot) => spot.place.name));
  const cross = graph.pairs.filter(
    ({ a, b }) => names.has(a.place) && names.has(b.place) && a.place !== b.place && !(a.uplink && b.uplink),
  );
  void cross;
  const plugs = new Set<string>();
  const hangs = world.network !== undefined && spots.some((spot) => spot.ports.some((port) => port.uplink));
  const single = place(spots, width, plugs);
  const rows = single.length > 1 && hangs ? place(spots, width - TRUNK, plugs) : single;
  const left = rows.length > 1 && hangs ? TRUNK : 0;
  const marks: Mark[] = [];
  const bars: number[] = [];
  let y = 0;
  rows.forEach((row, index) => {
    const hooked = row.some((block) => block.hooks.length > 0);
    if (hooked) {
      if (index === 0 && world.network !== undefined) {
        const text = `${world.network.name} ${world.network.subnet}`;
        marks.push(...label(text, "codeSmall", left + 4, y + 12, width - left - 8, { tone: "mute" }));
        y += 20;
      }
      bars.push(y + 2);
      y += NETWORK;
    }
    let x = left;
    let height = 0;
    const top = y;
    const hooks: Hook[] = [];
    for (const block of row) {
      const placed = shift(block, x, top);
      marks.push(...placed.marks);
      hooks.push(...placed.hooks);
      x += block.width + GAP;
      height = Math.max(height, block.height);
    }
    if (hooked) {
      const bar = bars.at(-1) ?? 0;
      const end = Math.max(...hooks.map((hook) => hook.x)) + 24;
      const from = left > 0 ? 4 : Math.min(...hooks.map((hook) => hook.x)) - 24;
      marks.push({
        kind: "line",
        points: [
          [Math.max(from, 4), bar],
          [Math.min(end, width - 4), bar],
        ],
        stroke: "ink",
        thick: 5,
      });
      for (const hook of hooks) marks.push(...drop(hook, bar));
    }
    y = top + height + GAP;
  });
  const [first, last] = [bars[0], bars.at(-1)];
  if (first !== undefined && last !== undefined && last > first) {
    marks.push({
      kind: "line",
      points: [
        [4, first],
        [4, last],
      ],
      stroke: "ink",
      thick: 5,
    });
  }
  return { width, height: y - GAP, marks, hooks: [], bars, plugs: [] };
}

function drop(hook: Hook, bar: number): readonly Mark[] {
  return [
    {
      kind: "line",
      points: [
        [hook.x, bar],
        [hook.x, hook.y],
      ],
      stroke: "ink",
      thick: 2,
    },
    ...(hook.port.peer === undefined
      ? []
      : label(
          `${linkName(hook.port.peer.link)} in ${hook.port.peer.place}`,
          "codeSmall",
          hook.x + 7,
          hook.y - 8,
          130,
          {
            tone: "mute",
          },
        )),
  ];
}

/** Chooses a width for each place and packs them into rows; frames then share what is left of their row. */
function place(
  spots: readonly Spot[],
  width: number,
  plugs: ReadonlySet<string>,
): readonly (readonly Block[])[] {
  const widest = (spot: Spot) => Math.max(0, ...groupsOf(spot).map((group) => group.hung.length));
  const framed = (spot: Spot) => spot.children.length > 0 || spot.bridges.length > 0;
  const wish = (spot: Spot) => {
    if (!framed(spot))
      return Math.min(
        width,
        leafWidth(spot, (port) => port.uplink),
      );
    const most = Math.max(1, Math.floor((width - 48 + 14) / (columnWidth(spot, plugs) + 14)));
    const many = widest(spot);
    const columns = many <= 2 ? Math.max(1, many) : many <= 4 ? 2 : Math.ceil(many / Math.ceil(many / most));
    const head = 32 + textWidth(spot.place.name, "head");
    return Math.min(width, Math.max(frameWidth(spot, Math.min(columns, most), plugs), head, 260));
  };
  const rows: { spot: Spot; width: number }[][] = [];
  let used = 0;
  for (const spot of spots) {
    const wanted = wish(spot);
    const row = rows.at(-1);
    if (row !== undefined && used + GAP + wanted <= width) {
      row.push({ spot, width: wanted });
      used += GAP + wanted;
    } else {
      rows.push([{ spot, width: wanted }]);
      used = wanted;
    }
  }
  return rows.map((row) => {
    const total = row.reduce((sum, one) => sum + one.width, 0) + GAP * (row.length - 1);
    const frames = row.filter(({ spot }) => framed(spot)).length;
    const share = frames === 0 ? 0 : Math.floor((width - total) / frames);
    return row.map(({ spot, width: own }) =>
      framed(spot) ? frame(spot, own + share, plugs) : leaf(spot, own, (port) => port.uplink, "card"),
    );
  });
}

/** Engines as frames around their nodes; the network of the lab reaches into each. */
export function engineFrame(graph: Graph, world: World): Block {
  const marks: Mark[] = [];
  const bars: number[] = [];
  let y = 0;
  if (world.network !== undefined) {
    marks.push(
      ...label(`${world.network.name} ${world.network.subnet}`, "codeSmall", 16, y + 12, 700, {
        tone: "mute",
      }),
    );
    y += 24;
  }
  const loose = graph.roots.filter((spot) => spot.place.kind !== "engine");
  const groups = [
    ...graph.roots
      .filter((spot) => spot.place.kind === "engine")
      .map((spot) => ({ spot, inside: spot.children })),
    ...(loose.length > 0 ? [{ spot: undefined, inside: loose }] : []),
  ];
  const network = world.network;
  for (const { spot, inside } of groups) {
    const width = 800 - TRUNK - 8 - 24;
    const block = rowsBlock(
      inside,
      graph,
      { ...world, ...(network ? { network: { name: "", subnet: network.subnet } } : {}) },
      width,
    );
    const head = spot === undefined ? 0 : 34;
    const placed = shift(block, TRUNK + 20, y + head);
    marks.push(...placed.marks);
    bars.push(...placed.bars);
    if (spot !== undefined) {
      marks.push(
        {
          kind: "box",
          x: TRUNK + 2,
          y,
          width: 800 - TRUNK - 3,
          height: head + block.height + 16,
          stroke: "mute",
          thick: 1.5,
          radius: 12,
          dashed: true,
        },
        ...label(spot.place.name, "head", TRUNK + 18, y + 22, 240),
        ...label(
          [...(spot.place.detail ? [spot.place.detail] : ["container engine"])].join(" · "),
          "small",
          TRUNK + 30 + Math.min(240, textWidth(spot.place.name, "head")),
          y + 22,
          400,
          { tone: "mute" },
        ),
      );
    }
    y += head + block.height + 34;
  }
  for (const bar of bars)
    marks.push({
      kind: "line",
      points: [
        [4, bar],
        [TRUNK + 24, bar],
      ],
      stroke: "ink",
      thick: 5,
    });
  const [first, last] = [bars[0], bars.at(-1)];
  if (first !== undefined && last !== undefined && last > first)
    marks.push({
      kind: "line",
      points: [
        [4, first],
        [4, last],
      ],
      stroke: "ink",
      thick: 5,
    });
  return { width: 800, height: y, marks, hooks: [], bars, plugs: [] };
}

export type { Plug, Port };
export { CHIP_HEIGHT };
