/** What set-up (setup.mjs) passes to a step. */
export interface Tools {
  /** Shows what the step is doing. */
  progress(text: string): void;
  /** Runs a command and shows its output as progress. Rejects when the command fails. */
  run(command: string, args: readonly string[]): Promise<void>;
  /** Installs Debian packages, for one caller at a time. Rejects when this user or machine cannot. */
  install(...packages: string[]): Promise<void>;
}

/** A step of set-up. Running it twice, or interrupting it, does no harm. */
export interface Step {
  readonly name: string;
  /** Whether the step has to run. Fast, and changes nothing. */
  needed(): Promise<boolean>;
  run(tools: Tools): Promise<void>;
}
