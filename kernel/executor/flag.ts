/** The value of the interrupt flag that stops the loops of all cells: the server is gone. */
export const ALL_CELLS = 0xffff_ffff;

/** Shared between the executor's main thread and its watching thread: the interrupted cell, or 0. */
export const flag = new Uint32Array(new SharedArrayBuffer(4));
