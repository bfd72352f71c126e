import { LabError } from "../../engine/errors/lab-error";
import { type Cidr, chunksOf, contains, overlaps, parseCidr } from "./cidr";

/** A range that exists already, and what it is: `the network of the nodes`, `the service range`. */
export interface Neighbouring {
  readonly what: string;
  readonly cidr: Cidr;
}

/** Smallest chunk a node can live with: the bridge's address, one pod, and the two that nobody gets. */
const LONGEST_PREFIX = 30;

/**
 * The pod range of a cluster, from which each node gets a chunk of its own: so the chunk alone tells every
 * other node where a pod lives. What kube-controller-manager does with `--cluster-cidr` and
 * `--node-cidr-mask-size`.
 */
export class ClusterRange {
  readonly #ranges: Cidr[] = [];
  readonly #chunks = new Map<string, Cidr>();
  readonly #others: readonly Neighbouring[];
  readonly #chunkPrefix: number;

  /**
   * @param range - all pods of the cluster, such as `10.244.0.0/16`.
   * @param chunkPrefix - prefix length of a node's chunk. Default: 24, room for 253 pods and the bridge.
   * @param others - ranges that must stay apart: the nodes' own network, the service range.
   * @throws LabError `BAD_ADDRESS` for what is no range, `CIDR_OVERLAP` when it shares addresses with one of `others`.
   */
  constructor(range: string, chunkPrefix = 24, others: readonly Neighbouring[] = []) {
    if (!Number.isInteger(chunkPrefix) || chunkPrefix < 1 || chunkPrefix > LONGEST_PREFIX) {
      throw new LabError("BAD_ADDRESS", {
        where: "cluster range",
        found: `/${chunkPrefix} cannot be the chunk of one node`,
        advice: `Take a prefix from /1 to /${LONGEST_PREFIX}: a chunk has the bridge's address and at least one pod's.`,
      });
    }
    this.#others = others;
    this.#chunkPrefix = chunkPrefix;
    this.grow(range);
  }

  /** The cluster's range, and those it grew by. */
  get ranges(): readonly Cidr[] {
    return this.#ranges;
  }

  /** The chunk of each node. */
  get chunks(): ReadonlyMap<string, Cidr> {
    return this.#chunks;
  }

  /**
   * Adds a further range for nodes to come: a chunk that was given out can never grow, a cluster can.
   *
   * @throws LabError `BAD_ADDRESS`, `CIDR_OVERLAP` as the constructor.
   */
  grow(range: string): void {
    const cidr = parseCidr(range, "cluster range");
    if (cidr.prefixLength > this.#chunkPrefix) {
      throw new LabError("BAD_ADDRESS", {
        where: "cluster range",
        found: `${range} is smaller than the chunk of one node (/${this.#chunkPrefix})`,
        advice: `Take a range with a prefix of at most /${this.#chunkPrefix}, or smaller chunks.`,
      });
    }
    const own = this.#ranges.map((cidr) => ({ what: "the cluster's range", cidr }));
    this.#keepApart(cidr, "cluster range", [...this.#others, ...own]);
    this.#ranges.push(cidr);
  }

  /**
   * Gives a node its chunk.
   *
   * @param node - the node's name.
   * @param wanted - the chunk itself, such as `10.244.1.0/24`. Default: the next free one, from the second on, so
   *   that it cannot be taken for the whole range.
   * @throws LabError `CIDR_EXHAUSTED` when no chunk is left; `CIDR_OVERLAP` when `wanted` shares addresses with another
   *   chunk, the nodes' network or the service range; `BAD_ADDRESS` when it is not in the cluster's range or too small.
   */
  claim(node: string, wanted?: string): Cidr {
    const chunk = wanted === undefined ? this.#next(node) : this.#checked(node, parseCidr(wanted, node));
    this.#chunks.set(node, chunk);
    return chunk;
  }

  /** Takes a node's chunk back. */
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
      found: `${this.#text()} has no chunk of /${this.#chunkPrefix} left: ${taken.length} nodes have theirs`,
      advice:
        "Let the cluster grow by another range (cluster.grow), or begin with a larger range or smaller chunks.",
    });
  }

  #checked(node: string, chunk: Cidr): Cidr {
    const others = [...this.#chunks].map(([name, cidr]) => ({ what: `the chunk of ${name}`, cidr }));
    this.#keepApart(chunk, node, [...this.#others, ...others]);
    if (!this.#ranges.some((range) => contains(range, chunk))) {
      throw new LabError("BAD_ADDRESS", {
        where: node,
        found: `${chunk.text} is not in the cluster's range ${this.#text()}`,
        advice:
          "Every node's chunk comes out of the cluster's range: by it, nodes tell pods from the rest of the world.",
      });
    }
    if (chunk.prefixLength > LONGEST_PREFIX) {
      throw new LabError("BAD_ADDRESS", {
        where: node,
        found: `${chunk.text} has no room for a bridge and a pod`,
        advice: `Take at least a /${LONGEST_PREFIX}: network, bridge, one pod, broadcast.`,
      });
    }
    return chunk;
  }

  #keepApart(cidr: Cidr, where: string, others: readonly Neighbouring[]): void {
    const other = others.find((other) => overlaps(cidr, other.cidr));
    if (other === undefined) return;
    throw new LabError("CIDR_OVERLAP", {
      where,
      found: `${cidr.text} overlaps ${other.what} (${other.cidr.text})`,
      advice:
        "One address would mean two things. Choose a range apart from it, or leave it out and one is chosen.",
    });
  }

  #text(): string {
    return this.#ranges.map((range) => range.text).join(" and ");
  }
}
