import type { Action } from "../../../model/action";
import type { Context } from "../../context";
import { RuleSyntaxError } from "../../rule-syntax-error";
import type { ValueType } from "../../values/value-type";
import { option, target } from "../declare";
import { first } from "../option-values";

interface ReplyType {
  readonly name: string;
  readonly alias: string;
}

const V4: readonly ReplyType[] = [
  { name: "icmp-net-unreachable", alias: "net-unreach" },
  { name: "icmp-host-unreachable", alias: "host-unreach" },
  { name: "icmp-proto-unreachable", alias: "proto-unreach" },
  { name: "icmp-port-unreachable", alias: "port-unreach" },
  { name: "icmp-net-prohibited", alias: "net-prohib" },
  { name: "icmp-host-prohibited", alias: "host-prohib" },
  { name: "tcp-reset", alias: "tcp-rst" },
  { name: "icmp-admin-prohibited", alias: "admin-prohib" },
];

const V6: readonly ReplyType[] = [
  { name: "icmp6-no-route", alias: "no-route" },
  { name: "icmp6-adm-prohibited", alias: "adm-prohibited" },
  { name: "icmp6-addr-unreachable", alias: "addr-unreach" },
  { name: "icmp6-port-unreachable", alias: "port-unreach" },
  { name: "tcp-reset", alias: "tcp-reset" },
  { name: "icmp6-policy-fail", alias: "policy-fail" },
  { name: "icmp6-reject-route", alias: "reject-route" },
];

const replyType: ValueType = {
  expected: "a type of reply, such as icmp-port-unreachable or tcp-reset",
  read: (word, context) => {
    const types = context.family === "ipv6" ? V6 : V4;
    const lower = word.toLowerCase();
    const found = types.find(({ name, alias }) => name.startsWith(lower) || alias.startsWith(lower));
    if (!found)
      throw new RuleSyntaxError(`"${word}" is not a type of reply`, types.map(({ name }) => name).join(", "));
    return found.name;
  },
};

const defaultReply = (context: Context): string =>
  context.family === "ipv6" ? "icmp6-port-unreachable" : "icmp-port-unreachable";

/** Discards the packet and tells the sender (ipt_REJECT.c, ip6t_REJECT.c). */
export const REJECT = target("REJECT", {
  tables: ["filter"],
  hooks: ["INPUT", "FORWARD", "OUTPUT"],
  options: [option("reject-with", replyType, { defaultValues: (context) => [defaultReply(context)] })],
  check: (options, context) => {
    if (first(options, "reject-with") === "tcp-reset" && context.protocol !== 6)
      throw new RuleSyntaxError("tcp-reset needs TCP", "-p tcp");
  },
  toAction: (options, context): Action => ({
    kind: "reject",
    with: first(options, "reject-with", defaultReply(context)),
  }),
});
