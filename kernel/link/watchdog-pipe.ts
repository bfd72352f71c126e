/** The size of a message to the watchdog thread: a kind (one byte) and a cell (four bytes, big-endian). */
export const WATCHDOG_MESSAGE_BYTES = 5;
/** Makes the loops of a cell throw. */
export const STOP_LOOPS = 1;
/** Terminates the JavaScript that runs now. */
export const TERMINATE = 2;

/** The executor's pipes, in addition to its stdout (1) and stderr (2). */
export const COMMANDS_FD = 3;
export const REPORTS_FD = 4;
export const WATCHDOG_FD = 5;

/** Encodes a message to the watchdog thread. */
export function watchdogMessage(kind: typeof STOP_LOOPS | typeof TERMINATE, cell: number): Buffer {
  const bytes = Buffer.alloc(WATCHDOG_MESSAGE_BYTES);
  bytes.writeUInt8(kind, 0);
  bytes.writeUInt32BE(cell, 1);
  return bytes;
}
