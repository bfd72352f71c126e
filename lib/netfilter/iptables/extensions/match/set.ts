import type { Action } from "../../../model/action";
import { number, U32, U64 } from "../../values/numbers";
import {
  type Extension,
  flag,
  type Given,
  invertible,
  type Kind,
  match,
  type Options,
  option,
  Refusal,
  target,
} from "../declare";
import { inverted } from "../option-values";

const MOST = 6;

const directions: Kind = {
  what: "src, dst or several with commas",
  read: (word) => {
    const each = word.split(",");
    if (each.length > MOST) throw new Refusal(`${each.length} directions are too many`, `at most ${MOST}`);
    for (const one of each)
      if (one !== "src" && one !== "dst") throw new Refusal(`"${one}" is not a direction`, "src or dst");
    return word;
  },
};

/** The kernel's IPSET_MAXNAMELEN, with its end. */
const NAME_LENGTH = 31;

const setName: Kind = {
  what: "the name of a set",
  read: (word) => {
    if (word !== "" && Buffer.byteLength(word) <= NAME_LENGTH) return word;
    throw new Refusal(`"${word}" is no name of a set`, `1 to ${NAME_LENGTH} bytes`);
  },
};

const sides = (options: Options, name: string): readonly ("src" | "dst")[] =>
  (options.get(name)?.values[1] ?? "").split(",").map((each) => (each === "dst" ? "dst" : "src"));

const counted = (what: string) => {
  const names = ["eq", "lt", "gt"].map((test) => `${what}-${test}`);
  return names.map((name) =>
    (name.endsWith("eq") ? invertible : option)(name, number(0, U64), {
      excludes: names.filter((each) => each !== name),
    }),
  );
};

/** Counters are updated unless `!` stands before the option. */
const isDefault = ({ inverted: not }: Given): boolean => !not;

const set = match("set", {
  options: [
    invertible("match-set", [setName, directions], { required: true, aliases: ["set"] }),
    flag("return-nomatch"),
    invertible("update-counters", [], { silent: isDefault }),
    invertible("update-subcounters", [], { silent: isDefault }),
    ...counted("packets"),
    ...counted("bytes"),
  ],
  lower: (options) => [
    {
      kind: "set",
      inverted: inverted(options, "match-set"),
      set: options.get("match-set")?.values[0] ?? "",
      directions: sides(options, "match-set"),
    },
  ],
});

const CHANGES = ["add-set", "del-set", "map-set"];

const SET = target("SET", {
  oneOf: CHANGES,
  options: [
    option("add-set", [setName, directions]),
    flag("exist", { needs: ["add-set"] }),
    option("timeout", number(0, U32), { needs: ["add-set"] }),
    option("del-set", [setName, directions]),
    option("map-set", [setName, directions]),
    flag("map-mark"),
    flag("map-prio"),
    flag("map-queue"),
  ],
  hooks: (options) => (options.has("map-set") ? ["FORWARD", "OUTPUT", "POSTROUTING"] : undefined),
  act: (options): Action => {
    const name = options.has("add-set") ? "add-set" : "del-set";
    const given = options.get(name);
    if (!given)
      return { kind: "opaque", target: "SET", text: `--map-set ${options.get("map-set")?.values.join(" ")}` };
    return {
      kind: "set",
      change: name === "add-set" ? "add" : "del",
      set: given.values[0] ?? "",
      directions: sides(options, name),
    };
  },
});

export const SET_EXTENSIONS: readonly Extension[] = [set, SET];
