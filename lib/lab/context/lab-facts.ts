import type { AddressPool } from "../cidr/pool";
import type { ImageSource } from "../runtime/engines";
import type { Progress } from "../runtime/progress";

/** What an engine runtime needs to know about its lab. */
export interface LabFacts {
  readonly name: string;
  /** Unique for each opening of a lab; the value of the label `wirebook.lab.id`. */
  readonly opening: string;
  /** Name of the lab's network. */
  readonly network: string;
  /** Allocates the addresses of that network. */
  readonly pool: AddressPool;
  /** The outside's address on that network. */
  readonly outsideAddress: string;
  /** The engines that images can be copied from; one entry for each engine of the lab. */
  readonly runtimes: readonly ImageSource[];
  readonly progress: Progress;
  readonly closed: boolean;
  /** @throws LabError `LAB_CLOSED`, `ENGINE_GONE`. */
  check(): void;
}
