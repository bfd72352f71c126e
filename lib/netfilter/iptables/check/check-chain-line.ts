import type { Problem } from "../../model/problem";
import type { SyntaxFamily, Variant } from "../context";
import type { ChainLine } from "../dump";
import { extensionFor } from "../extensions/registry";
import { type ChainNode, VERDICTS } from "./chain-graph";

/** Most bytes of a chain's name (XT_EXTENSION_MAXNAMELEN - 1). */
const MOST_NAME_BYTES = 28;

/** A problem of a line, and the word of the line that it is about. */
export type WordProblem = Pick<Problem, "code" | "message" | "expected" | "advice"> & {
  readonly word: string;
};

/**
 * Checks a line that declares a chain (`:NAME POLICY`, `-N NAME`) or sets its policy (`-P NAME POLICY`).
 *
 * @param known - the chain, if the table has it already.
 * @param report - receives each problem.
 */
export function checkChainLine(
  { name, policy, command }: ChainLine,
  known: ChainNode | undefined,
  table: string,
  { family, variant }: { readonly family: SyntaxFamily; readonly variant?: Variant | undefined },
  report: (problem: WordProblem) => void,
): void {
  checkName(name, report);
  const isIp = family === "ipv4" || family === "ipv6";
  if (command === "N" && (extensionFor("target", name, family) || VERDICTS.has(name)))
    report({
      code: "CHAIN_NAME",
      word: name,
      message: `chain "${name}" has the name of a target`,
      expected: "another name",
    });
  if (command === "P" && !known?.base)
    report({
      code: "POLICY",
      word: name,
      message: `"${name}" is not a base chain of table ${table}`,
      expected: "a policy for a base chain",
    });
  else if (known && command !== "P" && (command === "N" || !known.base) && variant !== "nft")
    report({
      code: "CHAIN_DUPLICATE",
      word: name,
      message: `chain "${name}" exists already`,
      expected: "each chain once",
      advice: "Only iptables-nft empties the chain and continues.",
    });
  if (known?.base && policy !== "ACCEPT" && policy !== "DROP" && policy !== "-")
    report({
      code: "POLICY",
      word: policy,
      message: `"${policy}" is not a policy`,
      expected: "ACCEPT or DROP",
    });
  if (command === "P" && table === "nat" && policy === "DROP")
    report({
      code: "POLICY",
      word: policy,
      message: "the nat table is not for filtering",
      expected: "ACCEPT",
      advice: "Drop in the filter table.",
    });
  // arptables and ebtables give policies to the user's chains, too.
  if (!known?.base && policy !== "-" && command === undefined && variant !== "nft" && isIp)
    report({
      code: "POLICY",
      word: policy,
      message: `chain "${name}" is not a base chain of table ${table}`,
      expected: '"-" as the policy of a chain that you made',
    });
}

function checkName(name: string, report: (problem: WordProblem) => void): void {
  if (name.length * 3 > MOST_NAME_BYTES && Buffer.byteLength(name) > MOST_NAME_BYTES)
    report({
      code: "CHAIN_NAME",
      word: name,
      message: `chain name "${name}" is too long`,
      expected: `at most ${MOST_NAME_BYTES} bytes`,
    });
  else if (/^[-!]/.test(name) || /\s/.test(name))
    report({
      code: "CHAIN_NAME",
      word: name,
      message: `"${name}" cannot be the name of a chain`,
      expected: 'a name without spaces that does not start with "-" or "!"',
    });
}
