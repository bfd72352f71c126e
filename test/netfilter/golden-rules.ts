import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { IptablesVersion } from "../../lib/netfilter/iptables";
import type { PlacedRule } from "./real-iptables";

/** What was printed, `null` where loading was refused; a variant that was not asked is left out. */
export interface Printed {
  readonly legacy?: string | null;
  readonly nft?: string | null;
}

/** A rule with what 1.8.9 printed, and 1.8.11 where it differs. */
export interface GoldenRule extends PlacedRule, Printed {
  readonly "1.8.11"?: Printed;
}

const FILE = join(__dirname, "..", "..", "lib", "netfilter", "iptables", "golden", "rules.json");

/** The rules of `golden/rules.json`; its README tells their origin. */
export const goldenRules: readonly GoldenRule[] = JSON.parse(readFileSync(FILE, "utf8"));

/** What a version of iptables printed of a rule. */
export const printedBy = (rule: GoldenRule, version: IptablesVersion): Printed =>
  version === "1.8.11" ? (rule["1.8.11"] ?? rule) : rule;
