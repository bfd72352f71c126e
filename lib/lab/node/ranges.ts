import type { AddressRange } from "../../chart/addresses";
import { LabError } from "../../engine";
import { type Cidr, contains, overlaps, parseCidr } from "../cidr/cidr";
import { ClusterRange, type Neighbouring } from "../cidr/cluster";
import { AddressPool } from "../cidr/pool";

/** The ranges of a cluster. All three, with the nodes' own network, must be apart from each other. */
export interface ClusterOptions {
  /** All pods. Default: `10.244.0.0/16`. */
  readonly podRange?: string;
  /** Prefix length of a node's chunk. Default: 24. */
  readonly nodePrefix?: number;
  /** All services. Default: `10.96.0.0/16`. */
  readonly serviceRange?: string;
}

const POD_RANGES = ["10.244.0.0/16", "10.245.0.0/16"];
const SERVICE_RANGES = ["10.96.0.0/16", "10.97.0.0/16"];

/** Every range of addresses that a cluster has: its nodes' network, its pods', its services'. */
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
    const network: Neighbouring = { what: "the network of the nodes", cidr: machines };
    const services = apart(options.serviceRange, SERVICE_RANGES, "service range", [network]);
    const others = [network, { what: "the service range", cidr: services }];
    const pods = apart(options.podRange, POD_RANGES, "cluster range", others);
    this.pods = new ClusterRange(pods.text, options.nodePrefix, others);
    this.services = new AddressPool(services, {
      where: "services",
      code: "CIDR_EXHAUSTED",
      advice: "Remove a service, or open the lab with a larger { cluster: { serviceRange } }.",
    });
    // As in every cluster, the first address is the API server's: labs have none, and let it be.
    this.services.take("kubernetes");
  }

  /**
   * All of them, and what was cut from them, for a picture.
   *
   * @param used - how many addresses are given out: of the machines' network, and of each node's chunk.
   * @param plan - ranges that nobody has yet, by name; placed where they would be cut from.
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

/** The range that was asked for, or the first usual one that is apart from the others. */
function apart(
  wanted: string | undefined,
  usual: readonly string[],
  where: string,
  others: readonly Neighbouring[],
): Cidr {
  const ranges = (wanted === undefined ? usual : [wanted]).map((text) => parseCidr(text, where));
  const free = ranges.find((range) => !others.some(({ cidr }) => overlaps(range, cidr)));
  if (free) return free;
  const other = others.find(({ cidr }) => ranges.some((range) => overlaps(range, cidr)));
  throw new LabError("CIDR_OVERLAP", {
    where,
    found: `${ranges.map(({ text }) => text).join(" and ")} overlaps ${other?.what} (${other?.cidr.text})`,
    advice: "One address would mean two things. Choose a range apart from it.",
  });
}
