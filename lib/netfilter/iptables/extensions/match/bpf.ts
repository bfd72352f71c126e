import { RuleSyntaxError } from "../../rule-syntax-error";
import { whole } from "../../values/number";
import { text } from "../../values/text";
import type { ValueType } from "../../values/value-type";
import { match, option } from "../declare";
import { isValidProgram } from "../shared/bpf-program";

const bytecode: ValueType = {
  expected: "COUNT,CODE JT JF K,… in decimal",
  quoted: "always",
  read: (word) => {
    const [count = "", ...instructions] = word.split(",").map((each) => each.trim());
    const wanted = Number(whole(count, 1, 64, "the number of instructions"));
    const given = instructions.filter((each) => each !== "");
    if (given.length !== wanted)
      throw new RuleSyntaxError(
        `${given.length} instructions, but the count is ${wanted}`,
        "as many instructions as the count says",
      );
    const shown = given.map((each) => {
      const numbers = each.split(/\s+/);
      if (numbers.length !== 4 || !numbers.every((part) => /^\d+$/.test(part)))
        throw new RuleSyntaxError(`"${each}" is not an instruction`, "CODE JT JF K in decimal");
      return numbers.join(" ");
    });
    const program = shown.map((each) => {
      const [code = 0, jumpTrue = 0, jumpFalse = 0, constant = 0] = each.split(" ").map(Number);
      return { code, jumpTrue, jumpFalse, constant };
    });
    if (!isValidProgram(program))
      throw new RuleSyntaxError(
        "the kernel would refuse this program",
        "known instructions, jumps inside the program, and a return at the end",
      );
    return [wanted, ...shown].join(",");
  },
};

/** Matches packets for which a classic BPF program returns non-zero (xt_bpf.c). */
export const bpf = match("bpf", {
  oneOf: ["bytecode", "object-pinned"],
  options: [
    option("bytecode", bytecode, { excludes: ["object-pinned"] }),
    option("object-pinned", text(511, false), { excludes: ["bytecode"] }),
  ],
});
