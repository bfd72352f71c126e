import type { AddressPool } from "../cidr/pool";
import type { Holder } from "../runtime/engines";
import type { Progress } from "../runtime/progress";

/** What a lab's part on one engine needs to know about the whole lab. */
export interface LabFacts {
  readonly name: string;
  /** Unique for each opening of a lab; the value of the label `wirebook.lab.id`. */
  readonly opening: string;
  /** Name of the lab's network. */
  readonly network: string;
  /** Gives out the addresses of that network. */
  readonly pool: AddressPool;
  /** The outside's address on that network. */
  readonly outsideAddress: string;
  /** Where the lab's images may be found: one entry for each engine. */
  readonly runtimes: readonly Holder[];
  readonly progress: Progress;
  readonly closed: boolean;
  /** @throws LabError `LAB_CLOSED`, `ENGINE_GONE`. */
  check(): void;
}
