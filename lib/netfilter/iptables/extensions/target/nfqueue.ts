import type { Action } from "../../../model/action";
import { RuleSyntaxError } from "../../rule-syntax-error";
import { number, U16, whole } from "../../values/number";
import type { ValueType } from "../../values/value-type";
import { flag, option, target } from "../declare";

/** A range of queues. It cannot have all 65536 of them, because the kernel stores their number in 16 bits. */
const balance: ValueType = {
  expected: "FIRST:LAST",
  read: (word, { iptables }) => {
    const most = iptables.lastBalancedQueue;
    const colon = word.indexOf(":");
    if (colon < 0) throw new RuleSyntaxError(`"${word}" is not a range`, "FIRST:LAST");
    const low = word.slice(0, colon);
    const high = word.slice(colon + 1);
    const from = low === "" ? 0n : whole(low, 0, most, "a queue");
    const to = high === "" ? BigInt(U16) - 1n : whole(high, 0, most, "a queue");
    if (to - from === BigInt(U16))
      throw new RuleSyntaxError(`range "${word}" has all queues`, "at most 65535 of them");
    if (from >= to) throw new RuleSyntaxError(`range "${word}" is empty`, "the smaller queue first");
    return `${from}:${to}`;
  },
};

/** Sends the packet to a program, which decides about it (xt_NFQUEUE.c). */
export const NFQUEUE = target("NFQUEUE", {
  options: [
    option("queue-num", number(0, U16), { excludes: ["queue-balance"] }),
    option("queue-balance", balance, { excludes: ["queue-num"] }),
    flag("queue-bypass"),
    flag("queue-cpu-fanout", { needs: ["queue-balance"] }),
  ],
  check: (options) => {
    if (!options.has("queue-balance") && !options.has("queue-num"))
      options.set("queue-num", { inverted: false, values: ["0"] });
  },
  toAction: (): Action => ({ kind: "queue" }),
});
