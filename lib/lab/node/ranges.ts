import type { AddressRange } from "../../chart/addresses";
import { LabError } from "../../engine";
import { type Cidr, contains, overlaps, parseCidr } from "../cidr/cidr";
import { ClusterRange, type OtherRange } from "../cidr/cluster";
import { AddressPool } from "../cidr/pool";

/**
 * The address ranges of a cluster. They must not overlap each other or the network of the nodes.
 *
 * @example
 * import type { ClusterOptions } from "wirebook";
 * // For Lab.open(name, { cluster }): 16 nodes with 254 pods each.
 * const cluster: ClusterOptions = { podRange: "10.200.0.0/20", nodePrefix: 24, serviceRange: "10.201.0.0/16" };
 */
export interface ClusterOptions {
  /** Range of all pods. Default: `10.244.0.0/16`, or `10.245.0.0/16` if that overlaps. */
  readonly podRange?: string;
  /** Prefix length of a node's chunk, 1-30. Default: 24. */
  readonly nodePrefix?: number;
  /** Range of all Cluster IPs. Default: `10.96.0.0/16`, or `10.97.0.0/16` if that overlaps. */
  readonly serviceRange?: string;
}

const POD_RANGES = ["10.244.0.0/16", "10.245.0.0/16"];
const SERVICE_RANGES = ["10.96.0.0/16", "10.97.0.0/16"];

/** The address ranges of a cluster: the network of the nodes, the pod ranges and the service range. */
export class ClusterRanges {
  readonly machines: Cidr;
  readonly pods: ClusterRange;
  readonly services: AddressPool;

  /**
   * @param machines - the network of the nodes.
   * @throws LabError `BAD_ADDRESS`, `CIDR_OVERLAP`.
   */
  constructor(machines: Cidr, options: ClusterOptions) {
    this.machines = machines;
    const network: OtherRange = { what: "the network of the nodes", cidr: machines };
    const services = freeRange(options.serviceRange, SERVICE_RANGES, "service range", [network]);
    const others = [network, { what: "the service range", cidr: services }];
    const pods = freeRange(options.podRange, POD_RANGES, "cluster range", others);
    this.pods = new ClusterRange(pods.text, options.nodePrefix, others);
    this.services = new AddressPool(services, {
      where: "services",
      code: "CIDR_EXHAUSTED",
      advice: "Remove a service, or open the lab with a larger { cluster: { serviceRange } }.",
    });
    // In every cluster, the first address belongs to the API server. Labs have none, but keep it reserved.
    this.services.take("kubernetes");
  }

  /**
   * Returns the ranges and the chunks allocated from them, for a picture.
   *
   * @param used - number of addresses in use: in the network of the nodes, and in each node's chunk.
   * @param plan - planned ranges by name. Each is placed in the range that contains it.
   */
  view(
    used: { readonly machines: number; readonly chunk: (node: string) => number },
    plan: Readonly<Record<string, string>>,
  ): readonly AddressRange[] {
    const { machines, services } = this;
    const roots = this.pods.ranges.map((range, index) => ({
      range,
      name: index === 0 ? "pods" : `pods ${index + 1}`,
    }));
    const within = (cidr: Cidr): { within?: string } => {
      const root = roots.find(({ range }) => contains(range, cidr));
      return root === undefined ? {} : { within: root.name };
    };
    const chunks = [...this.pods.chunks].map(([name, chunk]) => {
      const about = { name, cidr: chunk.text, kind: "pods of the node", used: used.chunk(name) };
      return { ...about, ...within(chunk) };
    });
    const planned = Object.entries(plan).map(([name, cidr]) => {
      return { name, cidr, kind: "planned", ...within(parseCidr(cidr, name)) };
    });
    return [
      { name: "machines", cidr: machines.text, kind: "the nodes' own network", used: used.machines },
      ...roots.map(({ name, range }) => ({ name, cidr: range.text, kind: "pods of the cluster" })),
      ...chunks,
      { name: "services", cidr: services.range.text, kind: "Cluster IPs", used: services.taken.size },
      ...planned,
    ];
  }
}

/** Returns the wanted range, or else the first default range that doesn't overlap the others. */
function freeRange(
  wanted: string | undefined,
  defaults: readonly string[],
  where: string,
  others: readonly OtherRange[],
): Cidr {
  const ranges = (wanted === undefined ? defaults : [wanted]).map((text) => parseCidr(text, where));
  const free = ranges.find((range) => !others.some(({ cidr }) => overlaps(range, cidr)));
  if (free) return free;
  const other = others.find(({ cidr }) => ranges.some((range) => overlaps(range, cidr)));
  throw new LabError("CIDR_OVERLAP", {
    where,
    found: `${ranges.map(({ text }) => text).join(" and ")} overlaps ${other?.what} (${other?.cidr.text})`,
    advice: "Choose a range that doesn't overlap it: every address must belong to one range only.",
  });
}
