import { LabError } from "../../engine";
import type { ProxyOptions, ServicePort } from "./model";
import { restoreInput } from "./rules/restore";
import { type ProxyRules, proxyRules } from "./rules/rules";
import { staleUdpFlows } from "./stale-udp-flows";

/** The part of a node that the controller uses. */
export interface RuledNode {
  readonly name: string;
  readonly alive: boolean;
  /** Runs `iptables-restore --noflush` with this input. */
  restore(input: string): Promise<void>;
  /** Runs a script. Its exit code is ignored. */
  inside(script: string): Promise<unknown>;
}

/**
 * One update of the rules and its causes.
 *
 * @example
 * import type { RuleChange } from "wirebook";
 * // lab.cluster.changes contains these.
 * const delayMs = ({ at, appliedAt }: RuleChange): number => appliedAt - at;
 * console.log(delayMs({ causes: ["web1 ended"], at: 1_000, appliedAt: 1_040, nodes: ["node1"] })); // 40
 */
export interface RuleChange {
  /** What happened, oldest first: `web1 ended`. */
  readonly causes: readonly string[];
  /** Times of the first cause and of the last node's update, in milliseconds since 1970. */
  readonly at: number;
  readonly appliedAt: number;
  /** Nodes whose rules were written, sorted by name. */
  readonly nodes: readonly string[];
}

/** The part of the cluster that the controller uses. */
export interface Ruled {
  nodes(): readonly RuledNode[];
  /** All service ports and their endpoints, from the view of this node. */
  services(node: RuledNode): readonly ServicePort[];
  options(node: RuledNode): ProxyOptions;
}

interface Written {
  readonly rules: ProxyRules;
  readonly services: readonly ServicePort[];
}

interface Cause {
  readonly text: string;
  readonly at: number;
}

/**
 * Updates the rules of every node when services or endpoints change, like kube-proxy. Changes that happen while rules are
 * being written are collected and written together afterwards.
 */
export class ServiceController {
  readonly #ruled: Ruled;
  readonly #written = new WeakMap<RuledNode, Written>();
  readonly #changes: RuleChange[] = [];
  #causes: Cause[] = [];
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #closed = false;

  constructor(ruled: Ruled) {
    this.#ruled = ruled;
  }

  /** Every update of the rules, oldest first. */
  get changes(): readonly RuleChange[] {
    return this.#changes;
  }

  /**
   * Updates the rules. Resolves when every running node has the rules for the current state.
   *
   * @param cause - what happened: `web1 ended`.
   * @param at - when it happened, in milliseconds since 1970. Default: now.
   * @throws LabError `COMMAND_FAILED` if iptables-restore fails on a node.
   */
  changed(cause: string, at = Date.now()): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#causes.push({ text: cause, at });
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#start();
      });
    return this.#next;
  }

  /**
   * Writes all chains of a node again, including those that did not change. kube-proxy does this when it starts, and
   * periodically (`--iptables-sync-period`). It restores rules that somebody else removed.
   *
   * Shell: `iptables-restore --noflush`.
   */
  async rewrite(node: RuledNode): Promise<void> {
    this.#written.delete(node);
    await this.changed(`${node.name}: all rules written again`);
  }

  /** Stops updating rules. */
  close(): void {
    this.#closed = true;
  }

  #start(): Promise<void> {
    this.#running = this.#sync().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #sync(): Promise<void> {
    const causes = this.#causes;
    this.#causes = [];
    const nodes = this.#closed ? [] : this.#ruled.nodes().filter((node) => node.alive);
    const wrote = await Promise.all(nodes.map((node) => this.#write(node)));
    const written = nodes.flatMap(({ name }, index) => (wrote[index] ? [name] : []));
    written.sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
    const at = Math.min(...causes.map((cause) => cause.at));
    if (written.length > 0)
      this.#changes.push({
        causes: causes.map(({ text }) => text),
        at,
        appliedAt: Date.now(),
        nodes: written,
      });
  }

  async #write(node: RuledNode): Promise<boolean> {
    const before = this.#written.get(node);
    const services = this.#ruled.services(node);
    const rules = proxyRules(services, this.#ruled.options(node));
    if (before && sameRules(before.rules, rules)) return false;
    try {
      await node.restore(restoreInput(rules, before?.rules));
      this.#written.set(node, { rules, services });
      const stale = staleUdpFlows(before?.services ?? [], services);
      if (stale.length > 0) await node.inside(stale.join("\n"));
      return true;
    } catch (error) {
      // The state of the tables is unknown now, so the next update writes all rules.
      this.#written.delete(node);
      if (!node.alive || this.#closed || (error instanceof LabError && error.code === "NODE_DOWN"))
        return false;
      throw error;
    }
  }
}

function sameRules(a: ProxyRules, b: ProxyRules): boolean {
  return restoreInput(a) === restoreInput(b);
}
