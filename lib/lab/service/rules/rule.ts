import type { ServiceProtocol } from "../model";

/** The parts of one rule. */
export interface RuleParts {
  readonly source?: string;
  readonly notSource?: string;
  readonly destination?: string;
  readonly notDestination?: string;
  readonly protocol?: ServiceProtocol;
  readonly port?: number;
  readonly comment?: string;
  /** Matches between the comment and the ports. */
  readonly matches?: readonly string[];
  readonly target?: string;
}

/** Returns the rule in the syntax of `iptables-save`, without `-A CHAIN`. */
export function ruleText(parts: RuleParts): string {
  const words: string[] = [];
  if (parts.notSource !== undefined) words.push("! -s", cidr(parts.notSource));
  if (parts.source !== undefined) words.push("-s", cidr(parts.source));
  if (parts.notDestination !== undefined) words.push("! -d", cidr(parts.notDestination));
  if (parts.destination !== undefined) words.push("-d", cidr(parts.destination));
  if (parts.protocol !== undefined) words.push("-p", parts.protocol);
  if (parts.comment !== undefined) words.push("-m comment --comment", `"${parts.comment}"`);
  words.push(...(parts.matches ?? []));
  if (parts.protocol !== undefined) words.push("-m", parts.protocol);
  if (parts.port !== undefined) words.push("--dport", String(parts.port));
  if (parts.target !== undefined) words.push("-j", parts.target);
  return words.join(" ");
}

function cidr(text: string): string {
  return text.includes("/") ? text : `${text}/32`;
}
