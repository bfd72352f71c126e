/** Messages of the pipe to the watching thread: a kind (one byte) and a cell (four, big-endian). */
export const WATCH_MESSAGE = 5;
export const STOP_LOOPS = 1;
export const TERMINATE = 2;

/** The executor's pipes, beside its stdout (1) and stderr (2). */
export const COMMANDS_FD = 3;
export const REPORTS_FD = 4;
export const WATCH_FD = 5;

export function watchMessage(kind: typeof STOP_LOOPS | typeof TERMINATE, cell: number): Buffer {
  const bytes = Buffer.alloc(WATCH_MESSAGE);
  bytes.writeUInt8(kind, 0);
  bytes.writeUInt32BE(cell, 1);
  return bytes;
}
