export { toRuleset } from "./chains";
export type { SyntaxFamily, Variant } from "./declare";
export type { Dump, Line, RuleLine } from "./dump";
export { header, type ParseOptions, parseDump } from "./parse";
export { type PrintOptions, printRuleset } from "./print";
export { type ParseRulesetOptions, parseRuleset } from "./ruleset";
