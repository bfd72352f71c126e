export type { SyntaxFamily, Variant } from "./context";
export type { Dump, Line, RuleLine } from "./dump";
export { type PrintOptions, printRuleset } from "./print/print-ruleset";
export { header, type ParseOptions, parseDump } from "./read/parse";
export { type ParseRulesetOptions, parseRuleset } from "./ruleset/parse-ruleset";
export { toRuleset } from "./ruleset/to-ruleset";
