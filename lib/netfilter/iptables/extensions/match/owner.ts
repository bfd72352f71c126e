import type { Match, Range } from "../../../model/match";
import { RuleSyntaxError } from "../../rule-syntax-error";
import { readNumber } from "../../values/number";
import { parseRange } from "../../values/range";
import type { ValueType } from "../../values/value-type";
import { flag, invertible, match } from "../declare";
import type { ParsedOption } from "../extension";

/** Users and groups that have the same number on every Debian system (base-passwd). */
const USERS = "root daemon bin sys sync games man lp mail news uucp";

const MORE_USERS: Readonly<Record<string, number>> = {
  proxy: 13,
  "www-data": 33,
  backup: 34,
  list: 38,
  irc: 39,
  nobody: 65534,
};

const USER_NUMBERS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

const GROUPS: Readonly<Record<string, number>> = {
  root: 0,
  daemon: 1,
  bin: 2,
  sys: 3,
  adm: 4,
  tty: 5,
  disk: 6,
  lp: 7,
  mail: 8,
  news: 9,
  uucp: 10,
  man: 12,
  proxy: 13,
  kmem: 15,
  dialout: 20,
  fax: 21,
  voice: 22,
  cdrom: 24,
  floppy: 25,
  tape: 26,
  sudo: 27,
  audio: 29,
  dip: 30,
  "www-data": 33,
  backup: 34,
  operator: 37,
  list: 38,
  irc: 39,
  src: 40,
  shadow: 42,
  utmp: 43,
  video: 44,
  sasl: 45,
  plugdev: 46,
  staff: 50,
  games: 60,
  users: 100,
  nogroup: 65534,
};

function userNumber(name: string): number | undefined {
  const index = USERS.split(" ").indexOf(name);
  return index >= 0 ? USER_NUMBERS[index] : MORE_USERS[name];
}

/** A number, a range `FROM-TO`, or a name that has the same number on every Debian system. */
function identity(what: string, named: (name: string) => number | undefined): ValueType {
  return {
    expected: what,
    read: (word) => {
      const known = named(word);
      if (known !== undefined) return String(known);
      const dash = word.slice(1).search(/[-:]/) + 1;
      const from = readNumber(dash < 1 ? word : word.slice(0, dash));
      const to = dash < 1 ? from : readNumber(word.slice(dash + 1));
      if (from === undefined || to === undefined || from > 4294967294n || to > 4294967294n)
        throw new RuleSyntaxError(
          `"${word}" is not ${what}`,
          "a number, FROM-TO, or a name that every Debian system has",
          "Other names have different numbers on each machine. Use the number.",
        );
      if (from > to) throw new RuleSyntaxError(`range "${word}" is reversed`, "the smaller number first");
      return from === to ? String(from) : `${from}-${to}`;
    },
  };
}

const span = (given: ParsedOption | undefined): Range | undefined =>
  given && parseRange(given.values[0] ?? "", "-");

/** Matches the user or group of the local socket that sent the packet (xt_owner.c). */
export const owner = match("owner", {
  hooks: ["OUTPUT", "POSTROUTING"],
  oneOf: ["uid-owner", "gid-owner", "socket-exists"],
  options: [
    invertible("socket-exists", []),
    invertible("uid-owner", identity("a user", userNumber)),
    invertible(
      "gid-owner",
      identity("a group", (name) => GROUPS[name]),
    ),
    flag("suppl-groups", { needs: ["gid-owner"] }),
  ],
  check: (options) => {
    const order = [...options.keys()];
    if (options.has("suppl-groups") && order.indexOf("suppl-groups") < order.indexOf("gid-owner"))
      throw new RuleSyntaxError("--suppl-groups before --gid-owner", "--gid-owner first");
  },
  toMatches: (options) => {
    const matches: Match[] = [];
    const uid = span(options.get("uid-owner"));
    const gid = span(options.get("gid-owner"));
    const exists = options.get("socket-exists");
    const supplementary = options.has("suppl-groups");
    if (exists) matches.push({ kind: "owner", inverted: exists.inverted, socketExists: true });
    if (uid) matches.push({ kind: "owner", inverted: options.get("uid-owner")?.inverted ?? false, uid });
    if (gid)
      matches.push({
        kind: "owner",
        inverted: options.get("gid-owner")?.inverted ?? false,
        gid,
        supplementary,
      });
    return matches;
  },
});
