import { RulesError } from "../../model/problem";
import { printRuleset } from "../print/print-ruleset";
import { parseRuleset } from "../ruleset/parse-ruleset";
import { parseDump } from "./parse";

const problems = (text: string, family: "ipv4" | "ipv6" = "ipv4"): readonly string[] =>
  parseDump(text, { family }).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);

const filter = (...lines: readonly string[]): string => ["*filter", ...lines, "COMMIT", ""].join("\n");

describe("errors are reported with line and column", () => {
  test.each([
    ["an unknown match", filter("-A INPUT -m foo -j ACCEPT"), ['2:13 no match is named "foo"']],
    ["an unknown option", filter("-A INPUT -p tcp --dprt 80"), ["2:17 unknown option --dprt"]],
    ["a number that is not a port", filter("-A INPUT -p tcp --dport 70000"), ['2:25 "70000" is not a port']],
    ["a missing value", filter("-A INPUT -p tcp --dport"), ["2:17 --dport has no value"]],
    ["a word that is not an option", filter("-A INPUT tcp"), ['2:10 "tcp" is not an option']],
    ["an unknown target", filter("-A INPUT -j NOPE"), ['2:13 no chain or target is named "NOPE"']],
    [
      "a chain used before it is made",
      filter("-A INPUT -j A", ":A - [0:0]"),
      ['2:13 no chain or target is named "A"'],
    ],
    ["a rule in an unknown chain", filter("-A NOPE -j ACCEPT"), ['2:4 no chain "NOPE" in table filter']],
    [
      "a chain's name of 29 bytes",
      filter(`:${"x".repeat(29)} - [0:0]`),
      [`2:2 chain name "${"x".repeat(29)}" is too long`],
    ],
    [
      "an interface's name of 16 bytes",
      filter("-A INPUT -i abcdefghijklmnop"),
      ['2:13 interface name "abcdefghijklmnop" is too long'],
    ],
    ["-o in a chain without outgoing interfaces", filter("-A INPUT -o eth0"), ["2:10 -o in INPUT"]],
    ["-i in a chain without incoming interfaces", filter("-A OUTPUT -i eth0"), ["2:11 -i in OUTPUT"]],
    ["a target in the wrong table", filter("-A INPUT -j TTL --ttl-set 5"), ["2:13 -j TTL in table filter"]],
    [
      "a target that a jump brings to the wrong hook",
      "*nat\n:A - [0:0]\n-A A -j MASQUERADE\n-A PREROUTING -j A\nCOMMIT\n",
      ["3:9 -j MASQUERADE in chain A, which is reached from PREROUTING"],
    ],
    ["DROP in the nat table", "*nat\n-A PREROUTING -j DROP\nCOMMIT\n", ["2:18 DROP in the nat table"]],
    [
      "a loop",
      filter(":A - [0:0]", ":B - [0:0]", "-A INPUT -j A", "-A A -j B", "-A B -j A"),
      ["6:9 B jumps back to A, which leads to B"],
    ],
    ["a chain that is created twice", filter("-N A", "-N A"), ['3:4 chain "A" exists already']],
    [
      "a policy for a chain of the user",
      filter("-N A", "-P A DROP"),
      ['3:4 "A" is not a base chain of table filter'],
    ],
    ["no COMMIT", "*filter\n-A INPUT -j ACCEPT\n", ["2:19 the last table is not committed"]],
    [
      "a file cut off in a line",
      "*filter\n-A INPUT -p tc",
      ['2:13 "tc" is not a protocol', "2:15 the last table is not committed"],
    ],
    ["no such table", "*foo\nCOMMIT\n", ['1:2 no table is named "foo"']],
    ["a rule after COMMIT", "*filter\nCOMMIT\n-A INPUT -j ACCEPT\n", ["3:1 this line is outside a table"]],
    [
      "a quote that stays open",
      filter('-A INPUT -m comment --comment "a b'),
      ["2:31 this quote is never closed"],
    ],
    ["a line that is not part of a dump", filter("hello"), ['2:1 no line of a dump starts with "hello"']],
    ["two targets", filter("-A INPUT -j ACCEPT -j DROP"), ["2:20 a second -j"]],
    [
      "an address of the other family",
      filter("-A INPUT -s fd00::1"),
      ['2:13 "fd00::1" is not an IPv4 address'],
    ],
  ])("%s", (_name, text, expected) => {
    expect(problems(text)).toEqual(expected);
  });

  test("a strict parse throws all problems, with the name of the file and advice", () => {
    const read = () => parseRuleset(filter("-A INPUT -m foo", "-A INPUT -s host"), { file: "rules.txt" });
    expect(read).toThrow(RulesError);
    expect(read).toThrow(
      /^rules\.txt:2:13: no match is named "foo"; expected a match that iptables 1\.8\.9 has/,
    );
    expect(read).toThrow("(1 more)");
  });
});

describe("rules that cannot be read are kept", () => {
  const text = filter(
    "-A INPUT -s 10.0.0.0/8 -m foo --bar 3 -j DROP",
    "-A INPUT -j ACCEPT",
    "-A INPUT -j XYZ --opt 1",
  );

  test("the match becomes opaque, and the rest of the rule is read", () => {
    const rules =
      parseRuleset(text, { tolerant: true }).tables.get("filter")?.chains.get("INPUT")?.rules ?? [];
    expect(rules.map(({ text: rule }) => rule)).toEqual(text.split("\n").slice(1, 4));
    expect(rules[0]?.matches).toEqual([
      { kind: "source", inverted: false, prefix: { address: "10.0.0.0", mask: 8 } },
      { kind: "opaque", extension: "foo", text: "-m foo --bar 3" },
    ]);
    expect(rules[0]?.action).toEqual({ kind: "drop" });
    expect(rules[1]?.matches).toEqual([]);
  });

  test("the match is printed unchanged", () => {
    expect(printRuleset(parseDump(text), "legacy")).toContain(
      "-A INPUT -s 10.0.0.0/8 -m foo --bar 3 -j DROP\n",
    );
  });
});

describe("forms of a dump", () => {
  const chain = (text: string, name = "INPUT") => parseRuleset(text).tables.get("filter")?.chains.get(name);

  test("the output of iptables -S, which names no table", () => {
    const text = "-P INPUT DROP\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n-N A\n-A INPUT -j A\n";
    expect(chain(text)?.policy).toBe("DROP");
    expect(chain(text)?.rules[0]?.action).toEqual({ kind: "jump", chain: "A" });
  });

  test("Windows line breaks, blank lines, comments, no line break at the end", () => {
    const text = "# note\r\n*filter\r\n\r\n  # indented\r\n-A INPUT -p tcp --dport 80 -j ACCEPT\r\nCOMMIT";
    expect(chain(text)?.rules[0]?.matches).toHaveLength(2);
    expect(printRuleset(parseDump(text), "source")).toBe(text);
  });

  test("counters of chains and rules", () => {
    const text = filter(":INPUT DROP [5:600]", "[7:800] -A INPUT -j ACCEPT", "-A INPUT -c 1 2 -j DROP");
    expect(chain(text)?.counters).toEqual({ packets: 5, bytes: 600 });
    expect(chain(text)?.rules.map(({ counters }) => counters)).toEqual([
      { packets: 7, bytes: 800 },
      { packets: 1, bytes: 2 },
    ]);
    expect(chain(text)?.rules[0]?.text).toBe("-A INPUT -j ACCEPT");
    expect(printRuleset(parseDump(text), "legacy", { counters: true })).toBe(
      filter(
        ":INPUT DROP [5:600]",
        ":FORWARD ACCEPT [0:0]",
        ":OUTPUT ACCEPT [0:0]",
        "[7:800] -A INPUT -j ACCEPT",
        "[1:2] -A INPUT -j DROP",
      ),
    );
    expect(printRuleset(parseDump(text), "legacy")).toContain(":INPUT DROP [0:0]\n");
  });

  test("insert, replace, delete, flush", () => {
    const text = filter(
      "-A INPUT -s 10.0.0.1",
      "-I INPUT -s 10.0.0.2",
      "-I INPUT 2 -s 10.0.0.3",
      "-R INPUT 1 -s 10.0.0.4",
      "-D INPUT -s 10.0.0.1",
      "-A OUTPUT -j DROP",
      "-F OUTPUT",
    );
    expect(chain(text)?.rules.map(({ text: rule }) => rule.slice(-8))).toEqual(["10.0.0.4", "10.0.0.3"]);
    expect(chain(text, "OUTPUT")?.rules).toEqual([]);
  });

  test("several addresses are several rules", () => {
    const rules = chain(filter("-A INPUT -s 10.0.0.1,10.0.0.2 -d 10.1.0.0/16,10.2.0.0/16"))?.rules ?? [];
    expect(rules.map(({ index }) => index)).toEqual([1, 2, 3, 4]);
    expect(rules[1]?.matches).toMatchObject([
      { kind: "source", prefix: { address: "10.0.0.1" } },
      { kind: "destination", prefix: { address: "10.2.0.0" } },
    ]);
  });

  test("negation as written before iptables 1.4", () => {
    expect(printRuleset(parseDump(filter("-A INPUT -s ! 10.0.0.1 -p tcp --dport ! 80")), "legacy")).toContain(
      "-A INPUT ! -s 10.0.0.1/32 -p tcp -m tcp ! --dport 80\n",
    );
  });

  test("family and variant are those of the header comment", () => {
    const header = (tool: string) =>
      parseDump(`# Generated by ${tool} on Mon Nov 23 12:00:00 2026\n${filter()}`);
    expect(header("ip6tables-save v1.8.9")).toMatchObject({ family: "ipv6", variant: "legacy" });
    expect(header("iptables-nft-save v1.8.9 (nf_tables)")).toMatchObject({ family: "ipv4", variant: "nft" });
    expect(header("iptables-save v1.4.21")).toMatchObject({ family: "ipv4", variant: "legacy" });
  });

  test("a comment may have any characters", () => {
    const comment = `a "b" 'c' \\d -j DROP # é 漢`;
    const quoted = comment.replace(/["'\\]/g, "\\$&");
    const text = filter(`-A INPUT -m comment --comment "${quoted}" -j ACCEPT`);
    expect(chain(text)?.rules[0]?.matches).toEqual([{ kind: "comment", text: comment }]);
    expect(printRuleset(parseDump(text), "nft")).toContain(`--comment "${quoted}" -j ACCEPT\n`);
  });

  test("a rule is copied as a plain object", () => {
    const rule = chain(filter("-A INPUT -s 10.0.0.1 -j DROP"))?.rules[0];
    expect(JSON.parse(JSON.stringify(rule))).toEqual({
      text: "-A INPUT -s 10.0.0.1 -j DROP",
      line: 2,
      index: 1,
      matches: [{ kind: "source", inverted: false, prefix: { address: "10.0.0.1", mask: 32 } }],
      action: { kind: "drop" },
    });
  });
});

test("a rule that is only for the other family is skipped, as by iptables-restore", () => {
  const text = "*filter\n-A INPUT -4 -s 10.0.0.1 -j DROP\n-A INPUT -s fd00::1 -6 -j DROP\nCOMMIT\n";
  const rules = (family: "ipv4" | "ipv6") =>
    [
      ...(parseRuleset(text, { family, tolerant: true }).tables.get("filter")?.chains.get("INPUT")?.rules ??
        []),
    ].map(({ line }) => line);
  expect(rules("ipv4")).toEqual([2]);
  expect(rules("ipv6")).toEqual([3]);
  expect(parseDump(text, { family: "ipv4" }).problems).toEqual([]);
  expect(parseDump(text, { family: "ipv6" }).problems).toEqual([]);
});
