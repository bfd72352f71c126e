export { type CountedConnection, judgeConnection } from "./connection";
export { type ExpectedCount, expectedCounts, type Passage } from "./expect";
export { type CountedRule, type CounterAgreement, judgeCounts, type Round } from "./judge";
export { keysOf, policyKey, type Tally, tallyOf } from "./tally";
