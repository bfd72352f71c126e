/** What set-up (setup.mjs) gives to a step: the machine, and somebody to tell. */
export interface Tools {
  progress(text: string): void;
  /** Runs a command to its end, its lines told as progress. */
  run(command: string, args: readonly string[]): Promise<void>;
  /** Installs Debian packages, one caller at a time. Throws when this user or this machine cannot. */
  install(...packages: string[]): Promise<void>;
}

/** A part of set-up. It may run twice, and be interrupted half-way, without harm. */
export interface Step {
  readonly name: string;
  /** A fast look; nothing is changed by it. */
  needed(): Promise<boolean>;
  run(tools: Tools): Promise<void>;
}
