import type { SyntaxFamily } from "../context";
import type { RuleLine } from "../dump";
import type { Use } from "../extensions/extension";
import { extensionFor } from "../extensions/registry";

/** Names after `-j` that are neither chains nor extensions. */
export const VERDICTS: ReadonlySet<string> = new Set(["ACCEPT", "DROP", "RETURN", "QUEUE", "CONTINUE"]);

/** A use of an extension that the kernel allows only in rules reached from some base chains. */
interface HookRestriction {
  readonly line: RuleLine;
  readonly use: Use;
  readonly hooks: readonly string[];
}

/** A chain of the table that is being checked. */
export interface ChainNode {
  readonly name: string;
  readonly base: boolean;
  /** Made by the user, and not named like a target. */
  readonly ordinary: boolean;
  /** The chains that its rules jump to, and those rules at the same indexes. */
  readonly jumps: ChainNode[];
  readonly lines: RuleLine[];
  readonly restrictions: HookRestriction[];
  /** One bit for each base chain that it is reached from. */
  reached: number;
  /** State of the search for loops. */
  visited: "no" | "open" | "done";
}

export const chainNode = (name: string, base: boolean, family: SyntaxFamily): ChainNode => ({
  name,
  base,
  ordinary: !base && !VERDICTS.has(name) && extensionFor("target", name, family) === undefined,
  jumps: [],
  lines: [],
  restrictions: [],
  reached: 0,
  visited: "no",
});

/** Sets `reached` of each chain. The bit of a base chain is its index in `bases`. */
export function markReached(bases: readonly ChainNode[]): void {
  for (const [index, base] of bases.entries()) {
    const bit = 1 << index;
    const waiting = [base];
    for (let chain = waiting.pop(); chain; chain = waiting.pop()) {
      if (chain.reached & bit) continue;
      chain.reached |= bit;
      for (const next of chain.jumps) if (!(next.reached & bit)) waiting.push(next);
    }
  }
}

/**
 * Finds jumps that lead back to a chain that the packet is still in. The search is depth first, without recursion, so
 * that long chains of jumps cannot exhaust the stack.
 *
 * @param report - receives each such jump: its rule, and the chains that it connects.
 */
export function findLoops(
  base: ChainNode,
  report: (line: RuleLine, from: ChainNode, to: ChainNode) => void,
): void {
  if (base.visited !== "no") return;
  base.visited = "open";
  const path: { readonly chain: ChainNode; next: number }[] = [{ chain: base, next: 0 }];
  for (let top = path.at(-1); top; top = path.at(-1)) {
    const { chain } = top;
    const index = top.next++;
    const to = chain.jumps[index];
    const line = chain.lines[index];
    if (!to || !line) {
      chain.visited = "done";
      path.pop();
    } else if (to.visited === "open") report(line, chain, to);
    else if (to.visited === "no") {
      to.visited = "open";
      path.push({ chain: to, next: 0 });
    }
  }
}
