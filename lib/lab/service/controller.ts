import { LabError } from "../../engine";
import type { ProxyOptions, ServicePort } from "./model";
import { restoreInput } from "./restore";
import { type ProxyRules, proxyRules } from "./rules";
import { staleUdpFlows } from "./stale-udp-flows";

/** A node as the controller sees it. */
export interface RuledNode {
  readonly name: string;
  readonly alive: boolean;
  /** Gives `iptables-restore --noflush` this input. */
  restore(input: string): Promise<void>;
  /** Runs commands of which each may fail. */
  inside(script: string): Promise<unknown>;
}

/** One time that rules were written, and why. */
export interface RuleChange {
  /** What happened first, in words: `web1 ended`. */
  readonly causes: readonly string[];
  /** When it happened, and when the last node had its rules: milliseconds since 1970. */
  readonly at: number;
  readonly appliedAt: number;
  /** Nodes whose rules were written, sorted by name. */
  readonly nodes: readonly string[];
}

/** What the controller asks its cluster. */
export interface Ruled {
  nodes(): readonly RuledNode[];
  /** Every service port with its endpoints, as this node sees them. */
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
 * Keeps the rules of every node in step with services and endpoints: the part that kube-proxy plays on a cluster. What
 * happens while rules are being written is gathered and written in one go afterwards.
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

  /** Every time that rules were written, oldest first. */
  get changes(): readonly RuleChange[] {
    return this.#changes;
  }

  /**
   * Resolves when every node that lives has the rules for what is so now.
   *
   * @param cause - what happened, in words.
   * @param at - when, in milliseconds since 1970. Default: now.
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
   * Writes every chain of a node anew, with the chains that did not change: what kube-proxy does from time to time, and
   * when it starts. It brings back rules that somebody else removed.
   */
  async rewrite(node: RuledNode): Promise<void> {
    this.#written.delete(node);
    await this.changed(`${node.name}: all rules written anew`);
  }

  /** Writes nothing from now on. */
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
      // What stands there now is unknown: the next time everything is written.
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
