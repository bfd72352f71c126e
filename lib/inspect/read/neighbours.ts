import { withoutUndefined } from "../../without-undefined";
import type { ForwardingEntry, Neighbour } from "../snapshot";
import { listOf } from "./json";

/** Parses `ip -j neigh show`. */
export function parseNeighbours(raw: unknown): readonly Neighbour[] {
  return listOf(raw).flatMap((entry) => {
    const address = entry.text("dst");
    const dev = entry.text("dev");
    if (address === undefined || dev === undefined) return [];
    const mac = entry.text("lladdr");
    return [{ address, dev, ...withoutUndefined({ mac }), states: entry.texts("state") }];
  });
}

/** Parses `bridge -j fdb`. */
export function parseForwarding(raw: unknown): readonly ForwardingEntry[] {
  return listOf(raw).flatMap((entry) => {
    const mac = entry.text("mac");
    const dev = entry.text("ifname");
    if (mac === undefined || dev === undefined) return [];
    const master = entry.text("master");
    const vlan = entry.number("vlan");
    return [
      {
        mac,
        dev,
        ...withoutUndefined({ master, vlan }),
        permanent: entry.text("state") === "permanent",
      },
    ];
  });
}
