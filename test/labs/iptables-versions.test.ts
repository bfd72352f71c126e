import { spawnSync } from "node:child_process";
import type Docker from "dockerode";
import { findEndpoint } from "../../lib/engine/connection/endpoint";
import { dial } from "../../lib/engine/connection/transport";
import { Engine } from "../../lib/engine/engine";
import {
  IPTABLES_VERSIONS,
  type IptablesVersion,
  parseDump,
  printRuleset,
  type Variant,
} from "../../lib/netfilter/iptables";
import { imageTag } from "../../lib/setup";
import { type GoldenRule, goldenRules, printedBy } from "../netfilter/golden-rules";
import { loadRules, type Shell } from "../netfilter/real-iptables";

jest.setTimeout(300_000);

const versionOf = (said: string): string | undefined => /\bv(\d+(?:\.\d+)+)/.exec(said)?.[1];

const knownVersion = (version: string | undefined): IptablesVersion | undefined =>
  IPTABLES_VERSIONS.find((each) => each === version);

/** Every third rule, and all IP rules in which the versions differ. Skips rateest, which depends on other rules. */
const chosen = goldenRules.filter(
  (rule, index) =>
    !/rateest/i.test(rule.rule) &&
    (index % 3 === 0 || (rule["1.8.11"] !== undefined && rule.legacy !== undefined)),
);

/** What `wirebook rules --print` prints for the rule's chain; `null` if it reports a problem. */
function ours({ family, table, chain, rule }: GoldenRule, variant: Variant, iptables: IptablesVersion) {
  const commit = family === "ipv4" || family === "ipv6" ? "COMMIT\n" : "";
  const dump = parseDump(`*${table}\n-A ${chain} ${rule}\n${commit}`, { family, variant, iptables });
  if (dump.problems.length > 0) return null;
  return printRuleset(dump, variant, { iptables })
    .split("\n")
    .filter((line) => line.startsWith("-A"));
}

async function expectSameAs(shell: Shell, iptables: IptablesVersion, variant: Variant): Promise<void> {
  const rules = chosen.filter((rule) => printedBy(rule, iptables)[variant] !== undefined);
  const recorded = new Map(rules.map((rule) => [rule, printedBy(rule, iptables)[variant]]));
  const answers = await loadRules(shell, rules, variant, (rule) => recorded.get(rule) !== null);
  expect(answers).toHaveLength(rules.length);
  const wrong = rules.flatMap((rule, index) => {
    const real = answers[index];
    const found = ours(rule, variant, iptables);
    return JSON.stringify(real) === JSON.stringify(found) ? [] : [{ rule: rule.rule, real, found }];
  });
  expect(wrong).toEqual([]);
  expect(rules.length).toBeGreaterThan(800);
}

describe("the iptables of the base image", () => {
  const docker = dial(findEndpoint());
  let box: Docker.Container;
  let engine: Engine;

  beforeAll(async () => {
    engine = await Engine.connect();
    box = await docker.createContainer({
      Image: imageTag("base"),
      Cmd: ["sleep", "infinity"],
      Labels: { wirebook: "test" },
      HostConfig: { NetworkMode: "none", CapAdd: ["NET_ADMIN", "NET_RAW"], Init: true },
    });
    await box.start();
  });

  afterAll(async () => {
    await box.remove({ force: true, v: true });
  });

  const shell: Shell = async (script, input) =>
    (await engine.exec(box.id, ["sh", "-c", script], { stdin: input })).stdout;

  test.each(["legacy", "nft"] as const)(
    "iptables-%s-save prints each rule as Wirebook does for its version",
    async (variant) => {
      const version = knownVersion(versionOf(await shell("iptables --version", "")));
      if (version === undefined)
        throw new Error("the base image has a version of iptables that we do not know");
      await expectSameAs(shell, version, variant);
    },
  );
});

describe("the iptables of this machine", () => {
  const found = versionOf(spawnSync("iptables-legacy", ["--version"], { encoding: "utf8" }).stdout ?? "");
  const version = knownVersion(found);
  // The rules are loaded in a separate netns, so that the machine's own rules don't change.
  const isolated = spawnSync("unshare", ["-n", "true"]).status === 0;
  const missing =
    version === undefined
      ? `not compared: iptables ${found ?? "is missing"} here`
      : isolated
        ? undefined
        : "not compared: no right to make a network namespace";

  const shell: Shell = async (script, input) =>
    spawnSync("unshare", ["-n", "sh", "-c", script], { input, encoding: "utf8", maxBuffer: 1 << 28 }).stdout;

  test.each(["legacy", "nft"] as const)(
    `iptables-%s-save prints each rule as Wirebook does for ${missing === undefined ? version : `its version (${missing})`}`,
    async (variant) => {
      if (version !== undefined && isolated) await expectSameAs(shell, version, variant);
      else expect(missing).toBeDefined();
    },
  );
});
