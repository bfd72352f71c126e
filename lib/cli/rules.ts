import { type Command, InvalidArgumentError, Option } from "commander";
import { describeRule } from "../netfilter/describe";
import {
  DEFAULT_IPTABLES,
  type Dump,
  IPTABLES_VERSIONS,
  type IptablesVersion,
  parseDump,
  printRuleset,
  type SyntaxFamily,
  toRuleset,
  type Variant,
} from "../netfilter/iptables";
import { type Chain, describeProblem, type Rule } from "../netfilter/model";
import { withoutUndefined } from "../without-undefined";
import { readTextFile } from "./text-file";

type Form = "source" | Variant;

interface Options {
  readonly ipv6?: true;
  readonly family?: SyntaxFamily;
  readonly print?: Form;
  readonly iptables?: IptablesVersion;
  readonly counters?: true;
  readonly words?: true;
  readonly json?: true;
}

const FORMS: readonly Form[] = ["source", "legacy", "nft"];
const FAMILIES: readonly SyntaxFamily[] = ["ipv4", "ipv6", "arp", "bridge"];

function form(text: string): Form {
  const found = FORMS.find((each) => each === text);
  if (!found) throw new InvalidArgumentError(`expected ${FORMS.join(", ")}.`);
  return found;
}

function family(text: string): SyntaxFamily {
  const found = FAMILIES.find((each) => each === text);
  if (!found) throw new InvalidArgumentError(`expected ${FAMILIES.join(", ")}.`);
  return found;
}

function version(text: string): IptablesVersion {
  const found = IPTABLES_VERSIONS.find((each) => each === text);
  if (!found) throw new InvalidArgumentError(`expected ${IPTABLES_VERSIONS.join(" or ")}.`);
  return found;
}

function ruleJson(rule: Rule) {
  const { text, line, index, counters, matches, action } = rule;
  return { text, line, index, ...withoutUndefined({ counters }), words: describeRule(rule), matches, action };
}

function chainJson({ name, policy, counters, rules }: Chain) {
  return {
    name,
    ...(policy ? { policy } : {}),
    ...withoutUndefined({ counters }),
    rules: rules.map(ruleJson),
  };
}

function json(dump: Dump): string {
  const tables = [...toRuleset(dump).tables.values()].map(({ name, chains }) => ({
    name,
    chains: [...chains.values()].map(chainJson),
  }));
  const errors = dump.problems.map(({ line, column, code, message, expected, advice }) => ({
    line,
    column,
    message: `${message}; expected ${expected}`,
    code,
    ...(advice ? { advice } : {}),
  }));
  return JSON.stringify({
    family: dump.family,
    ...(dump.variant ? { variant: dump.variant } : {}),
    tables,
    errors,
  });
}

/** Describes every rule in words, chain by chain. */
function inWords(dump: Dump): string {
  const lines: string[] = [];
  for (const table of toRuleset(dump).tables.values())
    for (const chain of table.chains.values()) {
      if (chain.rules.length === 0) continue;
      lines.push(
        `${table.name} ${chain.name}${chain.policy ? ` (otherwise ${chain.policy.toLowerCase()})` : ""}`,
      );
      for (const rule of chain.rules) lines.push(`  ${rule.index}. ${describeRule(rule)}`);
    }
  return `${lines.join("\n")}\n`;
}

const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

function summary(dump: Dump, file: string): string {
  const { tables } = toRuleset(dump);
  const chains = [...tables.values()].flatMap((table) => [...table.chains.values()]);
  const rules = chains.reduce((sum, chain) => sum + chain.rules.length, 0);
  const unread = dump.problems.length;
  const counted = [many(tables.size, "table"), many(chains.length, "chain"), many(rules, "rule")].join(", ");
  if (unread > 0) return `${file}: ${counted}; ${many(unread, "problem")}\n`;
  // iptables-save prints nothing if no table is loaded.
  return `${file}: ${counted}${tables.size === 0 ? ": no table is loaded" : ", no problems"}\n`;
}

/** Configures `wirebook rules FILE`: reads a dump, reports problems, and prints it unchanged or like iptables-save. */
export function configure(command: Command): void {
  command
    .argument("<file>", "output of iptables-save or iptables -S; - for stdin")
    .option("--ipv6", "the rules are from ip6tables (default: according to the header of the dump)")
    .addOption(new Option("--family <family>", "ipv4, ipv6, arp or bridge").argParser(family))
    .addOption(
      new Option(
        "--print <form>",
        "source: unchanged; legacy, nft: like iptables-save of that variant",
      ).argParser(form),
    )
    .addOption(
      new Option(
        "--iptables <version>",
        `read and print like this version of iptables: ${IPTABLES_VERSIONS.join(", ")} (default for --print: ${DEFAULT_IPTABLES})`,
      ).argParser(version),
    )
    .option("--counters", "with --print legacy or nft: print the counters too")
    .option("--words", "describe every rule in words")
    .option("--json", "print tables and errors as JSON")
    .action((file: string, options: Options) => {
      const found = readTextFile(file);
      const name = file === "-" ? "stdin" : file;
      if ("reason" in found) {
        console.error(
          `RULES_FILE  ${name}: cannot be read (${found.reason}).\n  Pass a file with the output of iptables-save, or - for stdin.`,
        );
        process.exitCode = 1;
        return;
      }
      const chosen = options.ipv6 ? "ipv6" : options.family;
      const variant = options.print === "source" ? undefined : options.print;
      const iptables = options.iptables ?? (variant ? DEFAULT_IPTABLES : undefined);
      const dump = parseDump(found.text, {
        ...(chosen ? { family: chosen } : {}),
        ...(variant ? { variant } : {}),
        ...(iptables ? { iptables } : {}),
        file: name,
      });
      if (dump.problems.length > 0) process.exitCode = 1;
      if (!options.json) for (const problem of dump.problems) console.error(describeProblem(problem));
      if (options.json) process.stdout.write(`${json(dump)}\n`);
      else if (options.print)
        process.stdout.write(
          printRuleset(dump, options.print, {
            counters: options.counters ?? false,
            iptables: dump.iptables,
          }),
          found.encoding,
        );
      else process.stdout.write(options.words ? inWords(dump) : summary(dump, name));
    });
}
