export { type CompareOptions, type Comparison, compareRulesets, type Witness } from "./compare";
export { type DeadRule, deadRules } from "./dead";
export { type Recognised, recognise } from "./recognise";
export { type RuleUse, rulesUsed } from "./used";
export { type Why, type WhyOptions, why } from "./why";
