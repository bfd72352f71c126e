/** The size of a message to the watchdog thread: a kind (one byte) and a number (four bytes, big-endian). */
export const WATCHDOG_MESSAGE_BYTES = 5;
/** Makes the loops of a cell throw. The number is the cell. */
export const STOP_LOOPS = 1;
/** Terminates the JavaScript that runs now. The number is the cell. */
export const TERMINATE = 2;
/** Sends SIGINT to the child processes of at most this age in milliseconds. */
export const INTERRUPT_CHILDREN = 3;
/** Sends SIGKILL to the child processes of at most this age in milliseconds. */
export const KILL_CHILDREN = 4;

/** A line of input for the cell. The number is the length in bytes of the UTF-8 text that follows. */
export const INPUT = 5;

export type WatchdogMessageKind =
  | typeof STOP_LOOPS
  | typeof TERMINATE
  | typeof INTERRUPT_CHILDREN
  | typeof KILL_CHILDREN
  | typeof INPUT;

/** The executor's pipes, in addition to its stdout (1) and stderr (2). */
export const COMMANDS_FD = 3;
export const REPORTS_FD = 4;
export const WATCHDOG_FD = 5;

/** Encodes a message to the watchdog thread. */
export function watchdogMessage(kind: WatchdogMessageKind, value: number): Buffer {
  const bytes = Buffer.alloc(WATCHDOG_MESSAGE_BYTES);
  bytes.writeUInt8(kind, 0);
  bytes.writeUInt32BE(Math.min(value, 0xffff_ffff), 1);
  return bytes;
}

/** Encodes a line of input. */
export function inputMessage(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([watchdogMessage(INPUT, bytes.length), bytes]);
}
