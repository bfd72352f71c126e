import { loadCompiled } from "./compile-cache";

/**
 * Loads the compiler with V8's compiled code from the last run, before other files of this folder load it.
 * The function saves that code for the next run.
 */
export const saveCompiler = loadCompiled("typescript-classic", module);
