/** How often refused messages are logged at most. */
const LOG_INTERVAL_MS = 10_000;

/**
 * Counts messages without a valid signature. Logs the first one at once and the others as a number, so that a
 * client that sends many of them cannot fill the log.
 */
export class RefusedMessages {
  readonly #write: (line: string) => void;
  readonly #counts = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @param write - writes a line to the server's log; default: to stderr. */
  constructor(write: (line: string) => void = (line) => console.error(line)) {
    this.#write = write;
  }

  add(channel: string): void {
    this.#counts.set(channel, (this.#counts.get(channel) ?? 0) + 1);
    if (this.#timer) return;
    this.flush();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.flush();
    }, LOG_INTERVAL_MS).unref();
  }

  /** Logs the messages that were counted since the last line. */
  flush(): void {
    for (const [channel, count] of this.#counts) {
      const messages = count === 1 ? "a message" : `${count} messages`;
      this.#write(
        `wirebook-kernel: refused ${messages} on ${channel}: the signature is not valid, or it is a replay`,
      );
    }
    this.#counts.clear();
  }
}
