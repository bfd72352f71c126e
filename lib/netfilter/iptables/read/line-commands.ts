import type { RuleCommand } from "../dump";

/** Commands that change rules, by the first word of the line. */
export const RULE_COMMANDS: ReadonlyMap<string, RuleCommand> = new Map([
  ["-A", "A"],
  ["--append", "A"],
  ["-I", "I"],
  ["--insert", "I"],
  ["-R", "R"],
  ["--replace", "R"],
  ["-D", "D"],
  ["--delete", "D"],
  ["-C", "C"],
  ["--check", "C"],
]);

type ChainCommand = "N" | "P" | "flush" | "delete" | "rename" | "zero";

/** Commands that change chains, by the first word of the line. */
export const CHAIN_COMMANDS: ReadonlyMap<string, ChainCommand> = new Map([
  ["-N", "N"],
  ["--new-chain", "N"],
  ["--new", "N"],
  ["-P", "P"],
  ["--policy", "P"],
  ["-F", "flush"],
  ["--flush", "flush"],
  ["-X", "delete"],
  ["--delete-chain", "delete"],
  ["-E", "rename"],
  ["--rename-chain", "rename"],
  ["-Z", "zero"],
  ["--zero", "zero"],
]);

/** Commands that only print rules. */
export const LISTING_COMMANDS: ReadonlySet<string> = new Set(["-L", "--list", "-S", "--list-rules"]);
