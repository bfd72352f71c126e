import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { IptablesVersion } from "../../lib/netfilter/iptables";
import type { PlacedRule } from "./real-iptables";

/** The printed rule of each variant; `null` if loading was refused. Variants that were not tested are absent. */
export interface Printed {
  readonly legacy?: string | null;
  readonly nft?: string | null;
}

/** A rule with the output of 1.8.9, and that of 1.8.11 if it differs. */
export interface GoldenRule extends PlacedRule, Printed {
  readonly "1.8.11"?: Printed;
}

const FILE = join(__dirname, "..", "..", "lib", "netfilter", "iptables", "golden", "rules.json");

/** The rules of `golden/rules.json`. Its README describes their origin. */
export const goldenRules: readonly GoldenRule[] = JSON.parse(readFileSync(FILE, "utf8"));

/** Returns the output of one version of iptables for a rule. */
export const printedBy = (rule: GoldenRule, version: IptablesVersion): Printed =>
  version === "1.8.11" ? (rule["1.8.11"] ?? rule) : rule;
