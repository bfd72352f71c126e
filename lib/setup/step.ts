/** What set-up (setup.mjs) gives to a step: the machine, and somebody to tell. */
export interface Tools {
  /** Told what a long step is doing right now, a line at a time. */
  progress(text: string): void;
  /** Runs a command to its end, its lines told as progress; its standard output goes to `output`, an open file, when given. */
  run(command: string, args: readonly string[], options?: { output?: number }): Promise<void>;
  /** Installs Debian packages, one caller at a time. Throws when this user or this machine cannot. */
  install(...packages: string[]): Promise<void>;
  /** Aborted when the user stops set-up. */
  readonly signal: AbortSignal;
}

/** A part of set-up. It may run twice, and be interrupted half-way, without harm. */
export interface Step {
  /** What it brings: `container engine`. */
  readonly name: string;
  /** A fast look; nothing is changed by it. */
  needed(): Promise<boolean>;
  run(tools: Tools): Promise<void>;
}
