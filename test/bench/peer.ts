/** Two networks with two containers each, and a router on both. All use the `base` image. */
export const networks = { left: ["l1", "l2"], right: ["r1", "r2"] } as const;

/** A container, and the address or name of the router that it must reach. */
export interface Question {
  readonly container: string;
  readonly router: string;
}

/** Another tool that starts the same five containers. */
export interface Peer {
  readonly name: string;
  /** Starts the containers. Resolves when the tool reports that they are up. */
  up(): Promise<readonly Question[]>;
  down(): Promise<void>;
}
