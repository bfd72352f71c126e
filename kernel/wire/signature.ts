import { createHmac, timingSafeEqual } from "node:crypto";

/** How many signatures are remembered to refuse a replay; as many as jupyter_client. */
const REMEMBERED = 2 ** 16;

/** Signs messages, and accepts each signed message once. */
export class Signer {
  private readonly accepted = new Set<string>();

  /**
   * @param key - the connection's key; empty turns signing off.
   * @param hash - as `sha256`.
   */
  constructor(
    private readonly key: string,
    private readonly hash = "sha256",
  ) {}

  /** The signature of header, parent header, metadata and content, in hexadecimal. */
  sign(parts: readonly Uint8Array[]): string {
    if (this.key === "") return "";
    const hmac = createHmac(this.hash, this.key);
    for (const part of parts) hmac.update(part);
    return hmac.digest("hex");
  }

  /** True when the signature is right and was not accepted before. */
  accept(signature: string, parts: readonly Uint8Array[]): boolean {
    if (this.key === "") return true;
    const wanted = Buffer.from(this.sign(parts));
    const given = Buffer.from(signature);
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return false;
    if (this.accepted.has(signature)) return false;
    this.accepted.add(signature);
    if (this.accepted.size > REMEMBERED) {
      for (const oldest of this.accepted) {
        this.accepted.delete(oldest);
        break;
      }
    }
    return true;
  }
}
