import { LabError } from "../../engine/errors/lab-error";
import { type Cidr, chunksOf, contains, overlaps, parseCidr } from "./cidr";

/** An existing range and its description: `the network of the nodes`, `the service range`. */
export interface OtherRange {
  readonly what: string;
  readonly cidr: Cidr;
}

/** Prefix length of the smallest chunk: it has the network address, the bridge, one pod and the broadcast address. */
const MAX_PREFIX = 30;

/**
 * The pod range of a cluster, from which each node gets a chunk. Other nodes need only one route for all pods of a node.
 * Same as kube-controller-manager with `--cluster-cidr` and `--node-cidr-mask-size`.
 */
export class ClusterRange {
  readonly #ranges: Cidr[] = [];
  readonly #chunks = new Map<string, Cidr>();
  readonly #others: readonly OtherRange[];
  readonly #chunkPrefix: number;

  /**
   * @param range - range of all pods, such as `10.244.0.0/16`.
   * @param chunkPrefix - prefix length of a node's chunk. Default: 24, for 253 pods and the bridge.
   * @param others - ranges that it must not overlap: the network of the nodes, the service range.
   * @throws LabError `BAD_ADDRESS` for an invalid range, `CIDR_OVERLAP` if it overlaps one of `others`.
   */
  constructor(range: string, chunkPrefix = 24, others: readonly OtherRange[] = []) {
    if (!Number.isInteger(chunkPrefix) || chunkPrefix < 1 || chunkPrefix > MAX_PREFIX) {
      throw new LabError("BAD_ADDRESS", {
        where: "cluster range",
        found: `/${chunkPrefix} is not a valid chunk size for a node`,
        advice: `Use a prefix from /1 to /${MAX_PREFIX}: a chunk needs addresses for the bridge and at least one pod.`,
      });
    }
    this.#others = others;
    this.#chunkPrefix = chunkPrefix;
    this.grow(range);
  }

  /** All ranges: the first one, and those added by {@link grow}. */
  get ranges(): readonly Cidr[] {
    return this.#ranges;
  }

  /** The chunk of each node, by its name. */
  get chunks(): ReadonlyMap<string, Cidr> {
    return this.#chunks;
  }

  /**
   * Adds a range for new nodes. Existing chunks don't change.
   *
   * @throws LabError `BAD_ADDRESS`, `CIDR_OVERLAP` like the constructor.
   */
  grow(range: string): void {
    const cidr = parseCidr(range, "cluster range");
    if (cidr.prefixLength > this.#chunkPrefix) {
      throw new LabError("BAD_ADDRESS", {
        where: "cluster range",
        found: `${range} is smaller than the chunk of one node (/${this.#chunkPrefix})`,
        advice: `Use a larger range (prefix length ${this.#chunkPrefix} or less), or smaller chunks.`,
      });
    }
    const own = this.#ranges.map((cidr) => ({ what: "the cluster's range", cidr }));
    this.#checkOverlap(cidr, "cluster range", [...this.#others, ...own]);
    this.#ranges.push(cidr);
  }

  /**
   * Assigns a chunk to a node.
   *
   * @param node - the node's name.
   * @param wanted - the chunk, such as `10.244.1.0/24`. Default: the next free one. The first chunk of a range is assigned
   *   last, because it has the same address as the range and is easily confused with it.
   * @throws LabError `CIDR_EXHAUSTED` if no chunk is free; `CIDR_OVERLAP` if `wanted` overlaps another chunk, the network
   *   of the nodes or the service range; `BAD_ADDRESS` if it is outside the cluster's range or too small.
   */
  claim(node: string, wanted?: string): Cidr {
    const chunk = wanted === undefined ? this.#next(node) : this.#checked(node, parseCidr(wanted, node));
    this.#chunks.set(node, chunk);
    return chunk;
  }

  /** Releases the chunk of a node. */
  release(node: string): void {
    this.#chunks.delete(node);
  }

  #next(node: string): Cidr {
    const taken = [...this.#chunks.values()];
    for (const range of this.#ranges) {
      const all = [...chunksOf(range, this.#chunkPrefix)];
      for (const chunk of [...all.slice(1), ...all.slice(0, 1)])
        if (!taken.some((other) => overlaps(chunk, other))) return chunk;
    }
    throw new LabError("CIDR_EXHAUSTED", {
      where: node,
      found: `${this.#text()} has no free /${this.#chunkPrefix} chunk: ${taken.length} nodes use them all`,
      advice:
        "Add a range to the cluster (cluster.grow), or open the lab with a larger range or smaller chunks.",
    });
  }

  #checked(node: string, chunk: Cidr): Cidr {
    const others = [...this.#chunks].map(([name, cidr]) => ({ what: `the chunk of ${name}`, cidr }));
    this.#checkOverlap(chunk, node, [...this.#others, ...others]);
    if (!this.#ranges.some((range) => contains(range, chunk))) {
      throw new LabError("BAD_ADDRESS", {
        where: node,
        found: `${chunk.text} is not in the cluster's range ${this.#text()}`,
        advice:
          "Choose a pod CIDR inside the cluster's range: nodes use that range to recognise the addresses of pods.",
      });
    }
    if (chunk.prefixLength > MAX_PREFIX) {
      throw new LabError("BAD_ADDRESS", {
        where: node,
        found: `${chunk.text} is too small for a bridge and a pod`,
        advice: `Use a prefix length of ${MAX_PREFIX} or less: a chunk has a network address, a bridge, one pod and a broadcast address.`,
      });
    }
    return chunk;
  }

  #checkOverlap(cidr: Cidr, where: string, others: readonly OtherRange[]): void {
    const other = others.find((other) => overlaps(cidr, other.cidr));
    if (other === undefined) return;
    throw new LabError("CIDR_OVERLAP", {
      where,
      found: `${cidr.text} overlaps ${other.what} (${other.cidr.text})`,
      advice: "Choose a range that doesn't overlap it, or leave the range out to use a free one.",
    });
  }

  #text(): string {
    return this.#ranges.map((range) => range.text).join(" and ");
  }
}
