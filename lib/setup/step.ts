/** The functions that setup.mjs passes to a step. */
export interface Tools {
  /** Reports the progress of a long step, one line per call. */
  progress(text: string): void;
  /**
   * Runs a command, waits until it exits, and reports its output as progress.
   *
   * @param options.output - file descriptor for its stdout; default: stdout is reported too.
   */
  run(command: string, args: readonly string[], options?: { output?: number }): Promise<void>;
  /** Installs Debian packages, one call at a time. Throws if the user is not root or apt-get is missing. */
  install(...packages: string[]): Promise<void>;
  /** Aborted when the user stops setup or another step fails. */
  readonly signal: AbortSignal;
}

/** One step of setup. Idempotent: it can be interrupted at any time and run again. */
export interface Step {
  /** What the step provides, for example `container engine`. */
  readonly name: string;
  /** Returns quickly whether the step must run. Changes nothing. */
  needed(): Promise<boolean>;
  run(tools: Tools): Promise<void>;
}
