import type { World } from "../../inspect/world";
import { addressesOf, kindText, linkName } from "./block";
import type { Graph, Port, Vertex } from "./graph";

/** Formats the content of the picture as text, with nested places indented. */
export function topologyText(world: World, graph: Graph, fact: string): string {
  const lines = [fact === "" ? world.name : `${world.name} · ${fact}`];
  if (world.network !== undefined) lines.push(`network ${world.network.name} ${world.network.subnet}`);
  const write = (vertex: Vertex, depth: number) => {
    const indent = "  ".repeat(depth);
    lines.push(`${indent}${vertex.place.name} (${kindText(vertex.place)})`);
    for (const container of vertex.place.containers ?? []) {
      const what = container.role === "pause" ? "pause, holds the netns" : "app";
      const detail = container.detail === undefined ? "" : `, ${container.detail}`;
      lines.push(
        `${indent}  ${container.name}: ${what}${detail}${container.running === false ? ", stopped" : ""}`,
      );
    }
    for (const port of [...vertex.bridges, ...vertex.ports])
      lines.push(`${indent}  ${portText(port, world)}`);
    for (const child of vertex.children) write(child, depth + 1);
  };
  for (const vertex of graph.roots) write(vertex, 0);
  lines.push(...(world.notes ?? []));
  return lines.join("\n");
}

function portText(port: Port, world: World): string {
  const { link } = port;
  const parts = [linkName(link)];
  if (!["veth", "ether"].includes(link.kind)) parts.push(link.kind);
  parts.push(...addressesOf(link));
  if (link.master !== undefined) parts.push(`in ${link.master}`);
  if (port.peer !== undefined) parts.push(`⇅ ${port.peer.place} ${linkName(port.peer.link)}`);
  if (port.uplink && world.network !== undefined) parts.push(`on ${world.network.name}`);
  if (!link.up) parts.push("down");
  if (link.counters !== undefined) {
    parts.push(`${link.counters.rxPackets} packets in, ${link.counters.txPackets} out`);
  }
  return parts.join("  ");
}
