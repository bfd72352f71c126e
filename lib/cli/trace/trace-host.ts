import { parseJson } from "../../inspect/read/json";
import { parseLinks } from "../../inspect/read/links";
import { parsePolicyRules } from "../../inspect/read/policy-rules";
import { parseRoutes } from "../../inspect/read/routes";
import type { Snapshot } from "../../inspect/snapshot";
import { tallyOf } from "../../netfilter/counters";
import { parseRuleset, readDumpHeader } from "../../netfilter/iptables";
import { describeProblem, type Host, type ProblemCode, type Ruleset } from "../../netfilter/model";
import { hostOf } from "../../netfilter/traverse";
import { isComplete } from "../../netfilter/traverse/host";
import { withoutUndefined } from "../../without-undefined";
import { readTextFile } from "../text-file";
import { Refused, type TraceArguments } from "./trace-argument";

function read(file: string): string {
  const found = readTextFile(file);
  if ("reason" in found)
    throw new Refused(`cannot read ${file === "-" ? "standard input" : file}: ${found.reason}`, 1);
  return found.text;
}

function readJson(file: string, what: string): unknown {
  const text = read(file);
  try {
    const value = parseJson(text);
    if (typeof value === "object" && value !== null) return value;
  } catch (cause) {
    throw new Refused(
      `${file} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}\n  expected ${what}`,
      1,
    );
  }
  throw new Refused(`${file}: unexpected content\n  expected ${what}`, 1);
}

const has = (value: unknown, key: string): boolean =>
  typeof value === "object" && value !== null && Reflect.get(value, key) !== undefined;

function isSnapshot(value: unknown): value is Snapshot {
  return (
    typeof value === "object" &&
    value !== null &&
    Array.isArray(Reflect.get(value, "links")) &&
    Array.isArray(Reflect.get(value, "routes"))
  );
}

/** Reads the output of `sysctl -a` (`net.ipv4.ip_forward = 1`). The names have the same form as in {@link Host.sysctls}. */
function readSysctls(file: string): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const line of read(file).split("\n")) {
    const found = /^\s*-?([\w./@:+-]+?)\s*=\s*(.*?)\s*$/.exec(line);
    if (found?.[1] !== undefined) values[found[1]] = (found[2] ?? "").replaceAll("\t", " ");
  }
  if (Object.keys(values).length === 0)
    throw new Refused(`${file}: contains no settings\n  expected the output of \`sysctl -a\``, 1);
  return values;
}

/** Merges the given settings. They are complete if all that the model reads are there, for each link too. */
function settingsOf(
  options: TraceArguments,
  own: Readonly<Record<string, string>> | undefined,
  links: Host["links"],
): Pick<Host, "sysctls" | "partialSysctls"> {
  const read = { ...own, ...(options.sysctls === undefined ? {} : readSysctls(options.sysctls)) };
  const all =
    isComplete(read) &&
    (links ?? []).every(({ name }) => `net.ipv4.conf.${name.replaceAll(".", "/")}.rp_filter` in read);
  const sysctls = { ...read, ...Object.fromEntries(options.sysctl) };
  return { sysctls, ...(all ? {} : { partialSysctls: true }) };
}

const unknown: ReadonlySet<ProblemCode> = new Set([
  "RULE_UNREADABLE",
  "CHAIN_UNKNOWN",
  "TARGET_MISPLACED",
  "TABLE_UNPRINTED",
]);

const TOOL = { ipv4: "iptables", ipv6: "ip6tables" } as const;

/** Returns the dumps without those of the other address family (according to their header): this packet skips them. */
function ofFamily(
  files: readonly string[],
  family: "ipv4" | "ipv6",
): readonly { readonly file: string; readonly text: string }[] {
  const dumps = files.map((file) => ({ file, text: read(file) }));
  const own = dumps.filter(({ text }) => (readDumpHeader(text).family ?? family) === family);
  const [first] = dumps;
  if (first && own.length === 0)
    throw new Refused(
      `${first.file}: the header says that these are ${readDumpHeader(first.text).family} rules, but the packet is ${family}\n  expected the output of \`${TOOL[family]}-save\``,
      2,
    );
  return own;
}

function readRules(
  files: readonly string[],
  family: "ipv4" | "ipv6",
  warn: (text: string) => void,
): readonly Ruleset[] {
  const rulesets = ofFamily(files, family).map(({ file, text }) =>
    parseRuleset(text, { family, file, tolerant: true }),
  );
  for (const { problems = [] } of rulesets) {
    // The trace follows both branches of a rule with an unsupported match. A truncated or invalid dump is an error.
    const broken = problems.filter(({ code }) => !unknown.has(code));
    if (broken.length > 0) throw new Refused(broken.map(describeProblem).join("\n"), 1);
    for (const problem of problems) {
      warn(`${describeProblem(problem)}\n  Treated as unknown: the trace follows both branches.\n`);
    }
  }
  return rulesets;
}

/** Reads the rules and counters of another moment: from dumps, or from snapshots if `--snapshot` was given. */
export function rulesFrom(
  files: readonly string[],
  options: TraceArguments,
  family: "ipv4" | "ipv6",
): readonly Ruleset[] {
  if (options.snapshot === undefined) {
    const rulesets = readRules(files, family, () => undefined);
    if (tallyOf(rulesets, family).size === 0)
      throw new Refused(
        `${files.join(", ")}: contains no counters\n  expected the output of \`iptables-save -c\``,
        1,
      );
    return rulesets;
  }
  return files.flatMap((file) => {
    const value = readJson(file, "the output of `wirebook snapshot`");
    if (!isSnapshot(value)) throw new Refused(`${file} is not a snapshot: links or routes are missing`, 1);
    return snapshotHost(value, file).rulesets;
  });
}

/**
 * Builds the host from the given files, and returns the snapshot if there is one.
 *
 * @param warn - called for each rule that is not supported.
 */
export function hostFrom(
  options: TraceArguments,
  family: "ipv4" | "ipv6",
  warn: (text: string) => void,
): { host: Host; snapshot?: Snapshot } {
  const rulesets = readRules(options.rules, family, warn);
  if (options.snapshot !== undefined) {
    const value = readJson(options.snapshot, "the output of `wirebook snapshot`");
    if (!isSnapshot(value))
      throw new Refused(`${options.snapshot} is not a snapshot: links or routes are missing`, 1);
    const host = snapshotHost(value, options.snapshot);
    const own = rulesets.length === 0 ? host.rulesets : rulesets;
    const { partialSysctls: _partial, ...rest } = host;
    return {
      host: { ...rest, rulesets: own, ...settingsOf(options, value.sysctls, value.links) },
      snapshot: value,
    };
  }
  const list = (file: string, what: string, key: string): unknown => {
    const value = readJson(file, what);
    if (!Array.isArray(value) || !value.every((each) => has(each, key)))
      throw new Refused(
        `${file}: unexpected content\n  expected ${what}: a list of objects with "${key}"`,
        1,
      );
    return value;
  };
  const links =
    options.addresses === undefined
      ? undefined
      : parseLinks(list(options.addresses, "the output of `ip -j addr`", "ifname"));
  return {
    host: {
      place: "host",
      rulesets,
      ...settingsOf(options, undefined, links),
      ...withoutUndefined({ links }),
      ...(options.routes === undefined
        ? {}
        : { routes: parseRoutes(list(options.routes, "the output of `ip -j route`", "dst")) }),
      ...(options.policyRules === undefined
        ? {}
        : {
            policyRules: parsePolicyRules(
              list(options.policyRules, "the output of `ip -j rule`", "priority"),
              family,
            ),
          }),
    },
  };
}

function snapshotHost(snapshot: Snapshot, file: string): Host {
  try {
    return hostOf(snapshot);
  } catch (cause) {
    throw new Refused(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`, 1);
  }
}
