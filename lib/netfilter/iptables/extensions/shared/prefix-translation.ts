import { RuleSyntaxError } from "../../rule-syntax-error";
import { prefix } from "../../values/address/prefix";
import type { ValueType } from "../../values/value-type";
import { option, target } from "../declare";
import type { Extension, ParsedOption } from "../extension";

const segment = prefix({ cut: false, full: true });

/** A prefix of at most 64 bits. Bits after it must be zero. */
const mapped: ValueType = {
  expected: "PREFIX/LENGTH",
  read: (word, context) => {
    const given = segment.read(word, context);
    const length = Number(given.split("/")[1]);
    if (!(length <= 64))
      throw new RuleSyntaxError(`prefix "${word}" is too long`, "a prefix length from /0 to /64");
    if (prefix().read(word, context) !== given)
      throw new RuleSyntaxError(`"${word}" has bits after its prefix`, prefix().read(word, context));
    return given;
  },
};

const isAll = ({ values: [value] }: ParsedOption): boolean => value === "::/0";

/** Declares the target SNPT or DNPT. */
export const npt = (name: "SNPT" | "DNPT", hooks: readonly string[]): Extension =>
  target(name, {
    families: ["ipv6"],
    tables: ["mangle"],
    hooks,
    options: ["src-pfx", "dst-pfx"].map((each) => option(each, mapped, { required: true, isOmitted: isAll })),
  });
