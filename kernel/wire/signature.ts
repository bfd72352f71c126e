import { createHmac, timingSafeEqual } from "node:crypto";

/** How many signatures are remembered to recognise a replay. jupyter_client remembers as many. */
const REMEMBERED_SIGNATURES = 2 ** 16;

/** Signs messages, and accepts each signed message once. */
export class Signer {
  readonly #key: string;
  readonly #hash: string;
  readonly #signatureLength: number;
  readonly #accepted = new Set<string>();

  /**
   * @param key - the connection's key; an empty key turns signing off.
   * @param hash - the hash function, such as `sha256`.
   */
  constructor(key: string, hash = "sha256") {
    this.#key = key;
    this.#hash = hash;
    this.#signatureLength = this.sign([]).length;
  }

  /** Returns the hexadecimal signature of header, parent header, metadata and content. */
  sign(parts: readonly Uint8Array[]): string {
    if (this.#key === "") return "";
    const hmac = createHmac(this.#hash, this.#key);
    for (const part of parts) hmac.update(part);
    return hmac.digest("hex");
  }

  /** Whether the signature is valid and was not accepted before. */
  accept(signature: string, parts: readonly Uint8Array[]): boolean {
    if (this.#key === "") return true;
    // Checked first, so that a long message without a signature costs nothing.
    if (signature.length !== this.#signatureLength) return false;
    const expected = Buffer.from(this.sign(parts));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
    if (this.#accepted.has(signature)) return false;
    this.#accepted.add(signature);
    if (this.#accepted.size > REMEMBERED_SIGNATURES) {
      for (const oldest of this.#accepted) {
        this.#accepted.delete(oldest);
        break;
      }
    }
    return true;
  }
}
