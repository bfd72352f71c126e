export type { SyntaxFamily, Variant } from "./context";
export type { Dump, Line, RuleLine } from "./dump";
export { DEFAULT_IPTABLES, IPTABLES_VERSIONS, type IptablesVersion } from "./iptables-version";
export { type PrintOptions, printRuleset } from "./print/print-ruleset";
export { type ParseOptions, parseDump, readDumpHeader } from "./read/parse";
export { type ParseRulesetOptions, parseRuleset } from "./ruleset/parse-ruleset";
export { toRuleset } from "./ruleset/to-ruleset";
