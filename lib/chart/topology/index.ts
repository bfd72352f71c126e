import type { World, WorldPlace } from "../../inspect/world";
import { type Picture, picture } from "../picture";
import { wrap } from "../sketch/font-metrics";
import { Layout } from "../sketch/layout";
import type { Mark } from "../sketch/scene";
import { count, heading, WIDTH } from "../sketch/shapes";
import { enginesBlock } from "./engines";
import { graphOf } from "./graph";
import { rowsBlock } from "./rows";
import { topologyText } from "./text";

/**
 * Draws the topology of a lab: namespaces as rounded frames, veth pairs as lines with the names and ifindexes of both
 * ends, bridges as bars, pause and app containers as boxes in the frame of their pod, addresses and counters.
 *
 * Shell: `ip -d link`, `ip addr` and `bridge link` in every namespace, combined.
 *
 * @example
 * import { topologyPicture } from "wirebook";
 *
 * const picture = topologyPicture({
 *   name: "shop",
 *   places: [
 *     { name: "node1", kind: "node" },
 *     { name: "web", kind: "pod", parent: "node1", containers: [{ name: "app", role: "app" }] },
 *   ],
 * });
 * console.log(picture.text);
 */
export function topologyPicture(world: World): Picture {
  const graph = graphOf(world);
  const fact = world.fact ?? countPlaces(world.places);
  const layout = new Layout();
  const head = heading(world.name, fact);
  layout.put(...head.marks);
  layout.y = head.height + 10;
  const engines = graph.roots.some((vertex) => vertex.place.kind === "engine");
  const body = engines ? enginesBlock(graph, world) : rowsBlock(graph.roots, graph, world, { width: WIDTH });
  layout.put(...body.marks.map((mark) => lower(mark, layout.y)));
  layout.y += body.height + 8;
  for (const note of world.notes ?? []) {
    for (const line of wrap(note, "body", WIDTH, 3)) {
      layout.put({ kind: "text", x: 0, y: layout.y + 14, text: line, role: "body", tone: "mute" });
      layout.y += 17;
    }
  }
  return picture(layout.scene(WIDTH, `${world.name}: ${fact}`), topologyText(world, graph, fact));
}

function lower(mark: Mark, dy: number): Mark {
  return mark.kind === "line"
    ? { ...mark, points: mark.points.map(([x, y]) => [x, y + dy] as const) }
    : { ...mark, y: mark.y + dy };
}

function countPlaces(places: readonly WorldPlace[]): string {
  const nouns: readonly (readonly [WorldPlace["kind"], string])[] = [
    ["engine", "engine"],
    ["docker-host", "Docker host"],
    ["node", "node"],
    ["pod", "pod"],
    ["container", "container"],
    ["netns", "namespace"],
  ];
  return nouns
    .map(([kind, noun]) => ({ noun, number: places.filter((place) => place.kind === kind).length }))
    .filter(({ number }) => number > 0)
    .map(({ noun, number }) => count(number, noun))
    .join(", ");
}
