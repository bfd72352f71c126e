import type { Engine } from "../engine";
import type { ClusterOptions } from "./node/cluster";

/**
 * Options of {@link Lab.open}.
 *
 * @example
 * import { Lab, type LabOptions } from "wirebook";
 * const options: LabOptions = { subnet: "172.30.77.0/24", cluster: { podRange: "10.200.0.0/16" } };
 * const lab = await Lab.open("options-example", options);
 * await lab.close();
 */
export interface LabOptions {
  /**
   * The container engine: an {@link Engine}, or an address as `docker -H` takes it (`ssh://me@two`). Default: the engine
   * that the `docker` command would use.
   */
  readonly engine?: Engine | string;
  /**
   * Several engines of one Docker Swarm, given like `engine`; at least one must be a manager. Every node and Docker host
   * is placed on one of them, and the lab's network is an attachable overlay network instead of a bridge. The first
   * engine runs the outside and everything else that is not placed explicitly. Default: only `engine`.
   */
  readonly engines?: readonly (Engine | string)[];
  /** IPv4 range of the lab's network, as CIDR. Default: a /24 that overlaps no route or network of the engine's machine. */
  readonly subnet?: string;
  /** Address ranges of the lab's cluster. Default: 10.244.0.0/16 for pods, 10.96.0.0/16 for services. */
  readonly cluster?: ClusterOptions;
}
