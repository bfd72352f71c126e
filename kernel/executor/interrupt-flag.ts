/** The flag's value that stops the loops of all cells, used when the server has ended. */
export const ALL_CELLS = 0xffff_ffff;

/** The cell whose loops are to stop, or 0. The executor's main thread and its watchdog thread share it. */
export const flag = new Uint32Array(new SharedArrayBuffer(4));
