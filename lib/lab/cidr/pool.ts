import { LabError, type LabErrorCode } from "../../engine/errors/lab-error";
import { addressAt, type Cidr, contains, overlaps, parseCidr } from "./cidr";

/** The parts of the errors of a pool. */
export interface PoolErrors {
  /** What the addresses are for: `node1`, `services`. */
  readonly where: string;
  readonly code: Extract<LabErrorCode, "POD_CIDR_EXHAUSTED" | "CIDR_EXHAUSTED">;
  readonly advice: string;
}

/**
 * Assigns the addresses of one range, each to one owner at a time. Like the CNI plugin host-local, it searches the next
 * free address after the last one assigned, so that an address is reused as late as possible. By then the neighbour
 * entries and connections of its previous owner have expired.
 *
 * Never assigns the first address (network) and the last one (broadcast).
 */
export class AddressPool {
  readonly range: Cidr;
  readonly #errors: PoolErrors;
  readonly #taken = new Map<string, string>();
  #last = 0;

  constructor(range: Cidr, errors: PoolErrors) {
    this.range = range;
    this.#errors = errors;
  }

  /** The assigned addresses and their owners. */
  get taken(): ReadonlyMap<string, string> {
    return this.#taken;
  }

  /** Number of free addresses. */
  get free(): number {
    return Math.max(0, this.range.size - 2) - this.#taken.size;
  }

  /**
   * Assigns the next free address to `owner`.
   *
   * @throws LabError `POD_CIDR_EXHAUSTED` or `CIDR_EXHAUSTED` if none is free.
   */
  take(owner: string): string {
    const usable = this.range.size - 2;
    for (let step = 0; step < usable; step++) {
      const index = ((this.#last + step) % usable) + 1;
      const address = addressAt(this.range, index);
      if (this.#taken.has(address)) continue;
      this.#taken.set(address, owner);
      this.#last = index;
      return address;
    }
    throw new LabError(this.#errors.code, {
      where: this.#errors.where,
      found: `${this.range.text} has no free address for ${owner}: all ${Math.max(0, usable)} are in use`,
      advice: this.#errors.advice,
    });
  }

  /**
   * Assigns a certain address to `owner`.
   *
   * @throws LabError `BAD_ADDRESS` if it is not a usable address of the range, `ADDRESS_TAKEN` if it is in use.
   */
  claim(address: string, owner: string): string {
    const { where } = this.#errors;
    const { range } = this;
    parseCidr(`${address}/32`, where);
    const edge = address === addressAt(range, 0) || address === addressAt(range, range.size - 1);
    if (!contains(range, address) || edge) {
      throw new LabError("BAD_ADDRESS", {
        where,
        found: `${address} is not a usable address of ${range.text}`,
        advice: `Choose an address from ${addressAt(range, 1)} to ${addressAt(range, range.size - 2)}, or leave it out to get a free one.`,
      });
    }
    const current = this.#taken.get(address);
    if (current !== undefined) {
      throw new LabError("ADDRESS_TAKEN", {
        where,
        found: `${owner} requests ${address}, which is in use by ${current}`,
        advice: "Leave the address out to get a free one.",
      });
    }
    this.#taken.set(address, owner);
    return address;
  }

  /** Releases an address. Ignores an address that is not assigned. */
  release(address: string): void {
    this.#taken.delete(address);
  }

  /** Returns true if the range shares addresses with `other`. */
  overlaps(other: Cidr): boolean {
    return overlaps(this.range, other);
  }
}
