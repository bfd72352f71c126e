import { textWidth } from "../sketch/font-metrics";
import { plugsWidth } from "./block";
import { chainOf, chainUnit } from "./chain";
import { frame, frameWidth } from "./frame";
import type { Graph, Port, Spot } from "./graph";
import { columnWidth, groupsOf } from "./group";
import { type DrawnAs, leaf, leafWidth } from "./leaf";
import type { Placed, Unit } from "./placed";

export type Pair = Graph["pairs"][number];

export const portKey = (port: Port) => `${port.place} ${port.link.ifindex}`;

/** Groups places into units: a chain of namespaces, a bridge with its neighbours, or a single place. */
export function unitsOf(
  spots: readonly Spot[],
  cross: readonly Pair[],
): { units: readonly Placed["unit"][]; lanes: readonly Pair[] } {
  const units: Placed["unit"][] = [];
  const gone = new Set<string>();
  const hubs = new Map<string, readonly Spot[]>();
  const drawn = new Set<Pair>();
  const of = (name: string) => cross.filter(({ a, b }) => a.place === name || b.place === name);
  const plain = (spot: Spot) => spot.children.length === 0 && spot.bridges.length === 0;
  for (const spot of spots) {
    if (spot.bridges.length !== 1 || spot.children.length > 0) continue;
    const [bridge] = spot.bridges;
    const around = spots.filter((other) => {
      const [pair] = of(other.place.name);
      if (
        !plain(other) ||
        of(other.place.name).length !== 1 ||
        pair === undefined ||
        gone.has(other.place.name)
      )
        return false;
      const near = pair.a.place === spot.place.name ? pair.a : pair.b;
      return near.place === spot.place.name && near.link.master === bridge?.link.name;
    });
    if (around.length === 0) continue;
    for (const other of around) {
      gone.add(other.place.name);
      for (const pair of of(other.place.name)) drawn.add(pair);
    }
    hubs.set(spot.place.name, around);
  }
  const rest = () => cross.filter((pair) => !drawn.has(pair));
  for (const spot of spots) {
    const { name } = spot.place;
    if (gone.has(name)) continue;
    gone.add(name);
    const around = hubs.get(name);
    if (around === undefined && plain(spot)) {
      const chain = chainOf(
        spot,
        spots.filter((one) => plain(one) && (one === spot || !gone.has(one.place.name))),
        rest(),
      );
      if (chain !== undefined) {
        for (const one of chain.spots) gone.add(one.place.name);
        for (const pair of chain.pairs) drawn.add(pair);
        units.push({ ...chainUnit(chain), names: chain.spots.map((one) => one.place.name) });
        continue;
      }
    }
    units.push({
      ...single(spot, rest, around),
      names: [name, ...(around ?? []).map((one) => one.place.name)],
    });
  }
  return { units, lanes: rest() };
}

function single(spot: Spot, rest: () => readonly Pair[], around: readonly Spot[] | undefined): Unit {
  const bottom = () => rest().flatMap(({ a, b }) => [a, b].filter((port) => port.place === spot.place.name));
  const named = () => new Set(bottom().map(portKey));
  const children = around ?? spot.children;
  const framed = children.length > 0 || spot.bridges.length > 0;
  const plugged: DrawnAs = (port) => (port.uplink || named().has(portKey(port)) ? "plug" : undefined);
  if (!framed) {
    return {
      get wish() {
        return Math.max(leafWidth(spot, plugged), bottom().length > 0 ? plugsWidth(bottom()) : 0);
      },
      grows: false,
      draw: (width) => leaf(spot, width, plugged, bottom()),
    };
  }
  const many = Math.max(0, ...groupsOf(spot, children).map((group) => group.hung.length));
  return {
    get wish() {
      const column = columnWidth(spot, named(), children);
      const most = Math.max(1, Math.floor((800 - 34 + 12) / (column + 12)));
      const columns =
        many <= 2 ? Math.max(1, many) : many <= 4 ? 2 : Math.ceil(many / Math.ceil(many / most));
      const head = 32 + textWidth(spot.place.name, "head");
      const fits = frameWidth(spot, Math.min(around ? many : columns, most), named(), children);
      return Math.max(fits, Math.min(head, 400), 250, bottom().length > 0 ? plugsWidth(bottom()) : 0);
    },
    grows: true,
    draw: (width) => frame(spot, width, named(), bottom(), around),
  };
}
