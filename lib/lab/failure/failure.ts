/**
 * A failure that was injected into a lab. `undo` repairs it; closing the lab repairs it too.
 *
 * @example
 * import { type Failure, Lab } from "wirebook";
 * const lab = await Lab.open("failure-undo-example");
 * const router = await lab.netns("router", { forward: true });
 * const failure: Failure = await lab.failures.noForwarding(router);
 * console.log(failure.shell);
 * await failure.undo();
 * await lab.close();
 */
export interface Failure {
  /** The equivalent shell command. */
  readonly shell: string;
  /** Set if the machine cannot do exactly what was requested: describes the substitute. */
  readonly note?: string;
  /** Repairs the failure. Further calls do nothing. */
  undo(): Promise<void>;
}

/**
 * The position of an iptables rule.
 *
 * @example
 * import { Lab, type RuleAt } from "wirebook";
 * const lab = await Lab.open("rule-at-example");
 * const router = await lab.netns("router");
 * await router.sh`iptables -A FORWARD -j DROP`;
 * const at: RuleAt = { table: "filter", chain: "FORWARD", number: 1 };
 * await (await lab.failures.dropRule(router, at)).undo();
 * await lab.close();
 */
export interface RuleAt {
  /** Default: `filter`. */
  readonly table?: "raw" | "mangle" | "nat" | "filter" | "security";
  readonly chain: string;
  /** Number of the rule in its chain, from 1, as `iptables -L --line-numbers` prints it. */
  readonly number: number;
}
