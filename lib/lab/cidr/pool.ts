import { LabError, type LabErrorCode } from "../../engine/errors/lab-error";
import { addressAt, type Cidr, contains, overlaps, parseCidr } from "./cidr";

/** How a pool speaks when it is empty. */
export interface PoolWords {
  /** What the addresses are for: `node1`, `services`. Begins each message. */
  readonly where: string;
  readonly code: Extract<LabErrorCode, "POD_CIDR_EXHAUSTED" | "CIDR_EXHAUSTED">;
  readonly advice: string;
}

/**
 * Gives out the addresses of one range, each to one owner at a time. The next one is looked for after the one
 * that was given last, so that an address comes back as late as possible (as the CNI plugin host-local does):
 * what a neighbour remembers of its former owner has then long been forgotten.
 *
 * The first address names the range and the last is its broadcast address: neither is given out.
 */
export class AddressPool {
  readonly range: Cidr;
  readonly #words: PoolWords;
  readonly #taken = new Map<string, string>();
  #last = 0;

  constructor(range: Cidr, words: PoolWords) {
    this.range = range;
    this.#words = words;
  }

  /** Every address that is given out, and who has it. */
  get taken(): ReadonlyMap<string, string> {
    return this.#taken;
  }

  /** How many addresses can still be given out. */
  get free(): number {
    return Math.max(0, this.range.size - 2) - this.#taken.size;
  }

  /**
   * Gives `owner` an address.
   *
   * @throws LabError `POD_CIDR_EXHAUSTED` or `CIDR_EXHAUSTED` when none is left.
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
    throw new LabError(this.#words.code, {
      where: this.#words.where,
      found: `no address of ${this.range.text} is left for ${owner}: all ${Math.max(0, usable)} are given out`,
      advice: this.#words.advice,
    });
  }

  /**
   * Gives `owner` this very address.
   *
   * @throws LabError `BAD_ADDRESS` when it is not one of the range's, `ADDRESS_TAKEN` when another owner has it.
   */
  claim(address: string, owner: string): string {
    const { where } = this.#words;
    const { range } = this;
    parseCidr(`${address}/32`, where);
    const edge = address === addressAt(range, 0) || address === addressAt(range, range.size - 1);
    if (!contains(range, address) || edge) {
      throw new LabError("BAD_ADDRESS", {
        where,
        found: `${address} is not an address that ${range.text} can give`,
        advice: `Choose one from ${addressAt(range, 1)} to ${addressAt(range, range.size - 2)}, or leave it out.`,
      });
    }
    const has = this.#taken.get(address);
    if (has !== undefined) {
      throw new LabError("ADDRESS_TAKEN", {
        where,
        found: `${owner} asks for ${address}, which ${has} has`,
        advice: "Leave the address out and a free one is chosen.",
      });
    }
    this.#taken.set(address, owner);
    return address;
  }

  /** Takes an address back. What was never given out is ignored. */
  release(address: string): void {
    this.#taken.delete(address);
  }

  /** True when the range shares addresses with `other`. */
  overlaps(other: Cidr): boolean {
    return overlaps(this.range, other);
  }
}
