import { macMask } from "../../../values/address/mac";
import { U8, U16, U32, whole } from "../../../values/number";
import { numberRange } from "../../../values/range";
import type { ValueType } from "../../../values/value-type";
import { invertible, match } from "../../declare";

const STP_RANGES: readonly (readonly [string, number])[] = [
  ["root-prio", U16],
  ["root-cost", U32],
  ["sender-prio", U16],
  ["port", U16],
  ["msg-age", U16],
  ["max-age", U16],
  ["hello-time", U16],
  ["forward-delay", U16],
];

const stpNumber = (name: string) => {
  const [, most = U16] = STP_RANGES.find(([each]) => each === name) ?? [];
  return invertible(`stp-${name}`, numberRange(most));
};

const bpdu = (what: string, names: Readonly<Record<string, number>>): ValueType => ({
  expected: what,
  read: (word) => {
    const value = names[word] ?? Number(whole(word, 0, U8, what));
    return Object.entries(names).find(([, each]) => each === value)?.[0] ?? String(value);
  },
});

const plainMacs = macMask({ names: "resolved" });

/** Matches fields of spanning tree messages (ebt_stp.c). */
export const stp = match("stp", {
  families: ["bridge"],
  implicit: true,
  options: [
    invertible("stp-type", bpdu("a type of BPDU", { config: 0, tcn: 0x80 })),
    invertible("stp-flags", bpdu("flags of a BPDU", { "topology-change": 1, "topology-change-ack": 0x80 })),
    stpNumber("root-prio"),
    invertible("stp-root-addr", plainMacs),
    stpNumber("root-cost"),
    stpNumber("sender-prio"),
    invertible("stp-sender-addr", plainMacs),
    ...["port", "msg-age", "max-age", "hello-time", "forward-delay"].map(stpNumber),
  ],
});
