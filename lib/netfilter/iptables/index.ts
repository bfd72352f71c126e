export type { Dump } from "./dump";
export { parseDump } from "./parse";
export { type ParseRulesetOptions, parseRuleset } from "./ruleset";
