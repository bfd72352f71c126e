import { type ChangeKind, type Change as Drawn, diffPicture } from "../../chart/diff";
import { display, type MimeBundle, type Picture } from "../../chart/picture";
import { type Change, type ChangeSubject, type Diff, diffSnapshots } from "../../inspect/diff";
import type { Snapshot } from "../../inspect/snapshot";
import { describeRule } from "../../netfilter/describe";
import { parseRuleset } from "../../netfilter/iptables";

/** What an action changed in the places of a lab, and what the action returned. Drawn as the value of a cell. */
export class LabDiff<Result> implements Diff {
  readonly before: readonly Snapshot[];
  readonly after: readonly Snapshot[];
  readonly changes: readonly Change[];
  /** What the action returned. */
  readonly result: Result;
  /** What was done, as one would type it, where that is known. */
  readonly action: string | undefined;

  constructor(before: readonly Snapshot[], after: readonly Snapshot[], result: Result) {
    const diff = diffSnapshots(before, after);
    this.before = diff.before;
    this.after = diff.after;
    this.changes = diff.changes;
    this.result = result;
    this.action = shellOf(result);
  }

  /** The changes as a picture: what came, what went, what is otherwise, in each namespace. */
  get picture(): Picture {
    const places = [...new Set([...this.before, ...this.after].map(({ place }) => place))];
    const changed = places.filter((place) => this.changes.some((change) => change.place === place));
    return diffPicture({
      ...(this.action === undefined ? {} : { action: this.action }),
      // Where nothing at all changed, the places are named all the same.
      places: (changed.length > 0 ? changed : places).map((place) => ({
        place,
        changes: this.changes.filter((change) => change.place === place).map(drawn),
      })),
    });
  }

  /** The changes as text, a line each. */
  toString(): string {
    return this.picture.text;
  }

  [display](): Promise<MimeBundle> {
    return this.picture[display]();
  }
}

const kinds: Readonly<Record<ChangeSubject, ChangeKind>> = {
  namespace: "link",
  link: "link",
  address: "address",
  route: "route",
  "policy rule": "policy rule",
  rule: "rule",
  chain: "chain",
  listener: "listener",
  "forwarding entry": "forwarding",
  neighbour: "neighbour",
  sysctl: "sysctl",
};

function drawn(changed: Change): Drawn {
  const { subject, change, text, was, table, chain } = changed;
  const says = change === "removed" ? undefined : ruleWords(changed);
  const line = subject === "namespace" ? "a network namespace of its own" : text;
  return {
    kind: kinds[subject],
    ...(table === undefined ? {} : { table: table.split(" ")[1] ?? table }),
    ...(chain === undefined ? {} : { chain }),
    ...(change === "removed" ? { before: line } : { after: line }),
    ...(was === undefined ? {} : { before: was }),
    ...(says === undefined ? {} : { words: says }),
  };
}

/** What a rule does, in words. */
function ruleWords({ subject, text, table = "", chain = "" }: Change): string | undefined {
  const [family, name] = table.split(" ");
  if (subject !== "rule" || (family !== "ipv4" && family !== "ipv6")) return undefined;
  // Alone, it may jump to a chain that is not there: tolerated.
  const dump = `*${name}\n:${chain} - [0:0]\n${text}\nCOMMIT\n`;
  const { tables } = parseRuleset(dump, { family, tolerant: true });
  const [rule] = [...tables.values()].flatMap(({ chains }) =>
    [...chains.values()].flatMap(({ rules }) => rules),
  );
  return rule && describeRule(rule);
}

// What the library's own calls return says what one would have typed.
function shellOf(result: unknown): string | undefined {
  const shell: unknown =
    typeof result === "object" && result !== null ? Reflect.get(result, "shell") : undefined;
  return typeof shell === "string" && shell !== "" ? shell : undefined;
}
