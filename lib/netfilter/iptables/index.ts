export type { Dump } from "./dump";
export { type ParseOptions, parseDump } from "./parse";
export { type PrintOptions, printRuleset } from "./print";
export { type ParseRulesetOptions, parseRuleset } from "./ruleset";
