import { type ChangeKind, type ChangeView, diffPicture } from "../../chart/diff";
import type { MimeBundle, Picture } from "../../chart/picture";
import { display } from "../../display";
import { type Change, type ChangeSubject, type Diff, diffSnapshots } from "../../inspect/diff";
import type { Snapshot } from "../../inspect/snapshot";
import { describeRule } from "../../netfilter/describe";
import { parseRuleset } from "../../netfilter/iptables";
import { withoutUndefined } from "../../without-undefined";

/**
 * The changes that an action made in the places of a lab, and the result of the action. As a cell's value it is drawn as a
 * picture.
 *
 * @example
 * import { Lab } from "wirebook";
 * const lab = await Lab.open("diff-example");
 * const netns = await lab.netns("a");
 * const diff = await lab.diff(() => netns.sh`ip link add br0 type bridge`);
 * console.log(String(diff));
 * await lab.close();
 */
export class LabDiff<Result> implements Diff {
  readonly before: readonly Snapshot[];
  readonly after: readonly Snapshot[];
  readonly changes: readonly Change[];
  /** The result of the action. */
  readonly result: Result;
  /** The shell command of the action; undefined if it is unknown. */
  readonly action: string | undefined;

  constructor(before: readonly Snapshot[], after: readonly Snapshot[], result: Result) {
    const diff = diffSnapshots(before, after);
    this.before = diff.before;
    this.after = diff.after;
    this.changes = diff.changes;
    this.result = result;
    this.action = shellOf(result);
  }

  /** A picture of what was added, removed and changed in each namespace. */
  get picture(): Picture {
    const places = [...new Set([...this.before, ...this.after].map(({ place }) => place))];
    const changed = places.filter((place) => this.changes.some((change) => change.place === place));
    return diffPicture({
      ...withoutUndefined({ action: this.action }),
      // If nothing changed, the picture lists all places.
      places: (changed.length > 0 ? changed : places).map((place) => ({
        place,
        changes: this.changes.filter((change) => change.place === place).map(drawn),
      })),
    });
  }

  /** The changes as text, one line each. */
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

function drawn(changed: Change): ChangeView {
  const { subject, change, text, was, table, chain } = changed;
  const description = change === "removed" ? undefined : ruleDescription(changed);
  const line = subject === "namespace" ? "a new network namespace" : text;
  return {
    kind: kinds[subject],
    ...(table === undefined ? {} : { table: table.split(" ")[1] ?? table }),
    ...withoutUndefined({ chain }),
    ...(change === "removed" ? { before: line } : { after: line }),
    ...withoutUndefined({ before: was, words: description }),
  };
}

/** Describes what a rule does. */
function ruleDescription({ subject, text, table = "", chain = "" }: Change): string | undefined {
  const [family, name] = table.split(" ");
  if (subject !== "rule" || (family !== "ipv4" && family !== "ipv6")) return undefined;
  // The rule may jump to a chain that is not in this dump, so the parser must be tolerant.
  const dump = `*${name}\n:${chain} - [0:0]\n${text}\nCOMMIT\n`;
  const { tables } = parseRuleset(dump, { family, tolerant: true });
  const [rule] = [...tables.values()].flatMap(({ chains }) =>
    [...chains.values()].flatMap(({ rules }) => rules),
  );
  return rule && describeRule(rule);
}

// Results of the library's own methods have their shell equivalent in `shell`.
function shellOf(result: unknown): string | undefined {
  const shell: unknown =
    typeof result === "object" && result !== null ? Reflect.get(result, "shell") : undefined;
  return typeof shell === "string" && shell !== "" ? shell : undefined;
}
