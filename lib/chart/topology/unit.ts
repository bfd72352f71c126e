import { textWidth } from "../sketch/font-metrics";
import { bottomLinksWidth } from "./block";
import { chainOf, chainUnit } from "./chain";
import { frame, frameWidth } from "./frame";
import type { Graph, Port, Vertex } from "./graph";
import { columnWidth, groupsOf } from "./group";
import { type DrawnAs, leaf, leafWidth } from "./leaf";
import type { Placed, Unit } from "./placed";

export type Pair = Graph["pairs"][number];

export const portKey = (port: Port) => `${port.place} ${port.link.ifindex}`;

/** Groups places into units: a chain of namespaces, a bridge with its neighbours, or a single place. */
export function unitsOf(
  vertices: readonly Vertex[],
  cross: readonly Pair[],
): { units: readonly Placed["unit"][]; lanes: readonly Pair[] } {
  const units: Placed["unit"][] = [];
  const gone = new Set<string>();
  const hubs = new Map<string, readonly Vertex[]>();
  const drawn = new Set<Pair>();
  const of = (name: string) => cross.filter(({ a, b }) => a.place === name || b.place === name);
  const plain = (vertex: Vertex) => vertex.children.length === 0 && vertex.bridges.length === 0;
  for (const vertex of vertices) {
    if (vertex.bridges.length !== 1 || vertex.children.length > 0) continue;
    const [bridge] = vertex.bridges;
    const around = vertices.filter((other) => {
      const [pair] = of(other.place.name);
      if (
        !plain(other) ||
        of(other.place.name).length !== 1 ||
        pair === undefined ||
        gone.has(other.place.name)
      )
        return false;
      const near = pair.a.place === vertex.place.name ? pair.a : pair.b;
      return near.place === vertex.place.name && near.link.master === bridge?.link.name;
    });
    if (around.length === 0) continue;
    for (const other of around) {
      gone.add(other.place.name);
      for (const pair of of(other.place.name)) drawn.add(pair);
    }
    hubs.set(vertex.place.name, around);
  }
  const rest = () => cross.filter((pair) => !drawn.has(pair));
  for (const vertex of vertices) {
    const { name } = vertex.place;
    if (gone.has(name)) continue;
    gone.add(name);
    const around = hubs.get(name);
    if (around === undefined && plain(vertex)) {
      const chain = chainOf(
        vertex,
        vertices.filter((one) => plain(one) && (one === vertex || !gone.has(one.place.name))),
        rest(),
      );
      if (chain !== undefined) {
        for (const one of chain.vertices) gone.add(one.place.name);
        for (const pair of chain.pairs) drawn.add(pair);
        units.push({ ...chainUnit(chain), names: chain.vertices.map((one) => one.place.name) });
        continue;
      }
    }
    units.push({
      ...single(vertex, rest, around),
      names: [name, ...(around ?? []).map((one) => one.place.name)],
    });
  }
  return { units, lanes: rest() };
}

function single(vertex: Vertex, rest: () => readonly Pair[], around: readonly Vertex[] | undefined): Unit {
  const bottom = () =>
    rest().flatMap(({ a, b }) => [a, b].filter((port) => port.place === vertex.place.name));
  const named = () => new Set(bottom().map(portKey));
  const children = around ?? vertex.children;
  const framed = children.length > 0 || vertex.bridges.length > 0;
  const drawnAs: DrawnAs = (port) => (port.uplink || named().has(portKey(port)) ? "chip" : undefined);
  if (!framed) {
    return {
      get preferredWidth() {
        return Math.max(leafWidth(vertex, drawnAs), bottom().length > 0 ? bottomLinksWidth(bottom()) : 0);
      },
      grows: false,
      draw: (width) => leaf(vertex, width, drawnAs, bottom()),
    };
  }
  const many = Math.max(0, ...groupsOf(vertex, children).map((group) => group.attached.length));
  return {
    get preferredWidth() {
      const column = columnWidth(vertex, named(), children);
      const most = Math.max(1, Math.floor((800 - 34 + 12) / (column + 12)));
      const columns =
        many <= 2 ? Math.max(1, many) : many <= 4 ? 2 : Math.ceil(many / Math.ceil(many / most));
      const head = 32 + textWidth(vertex.place.name, "head");
      const fits = frameWidth(vertex, Math.min(around ? many : columns, most), named(), children);
      return Math.max(fits, Math.min(head, 400), 250, bottom().length > 0 ? bottomLinksWidth(bottom()) : 0);
    },
    grows: true,
    draw: (width) => frame(vertex, width, named(), bottom(), around),
  };
}
