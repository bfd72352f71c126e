import { spawnSync } from "node:child_process";
import { performance } from "node:perf_hooks";
import { parseRuleset } from "../../lib/netfilter/iptables";
import { type ClusterSize, kubeProxyDump } from "./kube-proxy";

/** The results for one dump: our parser and `iptables-restore --test`. Times are the best of all runs, in ms. */
export interface ParseResult {
  readonly lines: number;
  readonly rules: number;
  readonly megabytes: number;
  readonly ours: number;
  /** `iptables-restore --test` in a separate netns; absent if it or `unshare` is missing. */
  readonly iptables?: number;
  /** Memory that the parsed rule set occupies, in megabytes. */
  readonly kept: number;
}

/** About 10,000 services with 3 endpoints each, and a cluster with about 320,000 rules. */
export const SIZES: readonly ClusterSize[] = [
  { services: 9_300, endpoints: 3 },
  { services: 29_000, endpoints: 3 },
];

function best(runs: number, run: () => number): number {
  let found = Number.POSITIVE_INFINITY;
  for (let index = 0; index < runs; index++) found = Math.min(found, run());
  return found;
}

/** Runs in a new netns: `--test` commits nothing, but it loads kernel modules and takes the xtables lock. */
function iptables(text: string): number | undefined {
  const started = performance.now();
  const { status } = spawnSync("unshare", ["-n", "iptables-restore", "--test"], { input: text });
  return status === 0 ? performance.now() - started : undefined;
}

function count(text: string): number {
  let rules = 0;
  for (const table of parseRuleset(text).tables.values())
    for (const chain of table.chains.values()) rules += chain.rules.length;
  return rules;
}

/** Parses a dump of this size `runs` times, alternating with iptables-restore so that both run under the same load. */
export function benchParse(size: ClusterSize, runs = 5): ParseResult {
  const text = kubeProxyDump(size);
  const native: number[] = [];
  const ours = best(runs, () => {
    const theirs = iptables(text);
    if (theirs !== undefined) native.push(theirs);
    const started = performance.now();
    parseRuleset(text);
    return performance.now() - started;
  });
  const before = process.memoryUsage().heapUsed;
  const held = parseRuleset(text);
  const kept = (process.memoryUsage().heapUsed - before) / 1e6;
  const rules = held.tables.size > 0 ? count(text) : 0;
  return {
    lines: text.split("\n").length - 1,
    rules,
    megabytes: text.length / 1e6,
    ours,
    ...(native.length > 0 ? { iptables: Math.min(...native) } : {}),
    kept: Math.max(0, kept),
  };
}
