import { number, U64 } from "../../values/number";
import { flag, invertible, match, option } from "../declare";
import type { ParsedOption } from "../extension";
import { inverted } from "../option-values";
import { directions, setName, sides } from "../shared/ip-set";

const counted = (what: string) => {
  const names = ["eq", "lt", "gt"].map((test) => `${what}-${test}`);
  return names.map((name) =>
    (name.endsWith("eq") ? invertible : option)(name, number(0, U64), {
      excludes: names.filter((each) => each !== name),
    }),
  );
};

/** Counters are updated unless `!` precedes the option, so that only the negated form is printed. */
const isDefault = ({ inverted: not }: ParsedOption): boolean => !not;

/** Matches addresses and ports in an ipset (xt_set.c). */
export const set = match("set", {
  options: [
    invertible("match-set", [setName, directions], { required: true, aliases: ["set"] }),
    flag("return-nomatch"),
    invertible("update-counters", [], { isOmitted: isDefault }),
    invertible("update-subcounters", [], { isOmitted: isDefault }),
    ...counted("packets"),
    ...counted("bytes"),
  ],
  toMatches: (options) => [
    {
      kind: "set",
      inverted: inverted(options, "match-set"),
      set: options.get("match-set")?.values[0] ?? "",
      directions: sides(options, "match-set"),
    },
  ],
});
