import type { Action } from "../../../model/action";
import type { Context } from "../../context";
import { RuleSyntaxError } from "../../rule-syntax-error";
import type { ValueType } from "../../values/value-type";
import { option, target } from "../declare";
import { first } from "../option-values";

interface Answer {
  readonly name: string;
  readonly alias: string;
}

const V4: readonly Answer[] = [
  { name: "icmp-net-unreachable", alias: "net-unreach" },
  { name: "icmp-host-unreachable", alias: "host-unreach" },
  { name: "icmp-proto-unreachable", alias: "proto-unreach" },
  { name: "icmp-port-unreachable", alias: "port-unreach" },
  { name: "icmp-net-prohibited", alias: "net-prohib" },
  { name: "icmp-host-prohibited", alias: "host-prohib" },
  { name: "tcp-reset", alias: "tcp-rst" },
  { name: "icmp-admin-prohibited", alias: "admin-prohib" },
];

const V6: readonly Answer[] = [
  { name: "icmp6-no-route", alias: "no-route" },
  { name: "icmp6-adm-prohibited", alias: "adm-prohibited" },
  { name: "icmp6-addr-unreachable", alias: "addr-unreach" },
  { name: "icmp6-port-unreachable", alias: "port-unreach" },
  { name: "tcp-reset", alias: "tcp-reset" },
  { name: "icmp6-policy-fail", alias: "policy-fail" },
  { name: "icmp6-reject-route", alias: "reject-route" },
];

const answer: ValueType = {
  what: "how to answer, such as icmp-port-unreachable or tcp-reset",
  read: (word, context) => {
    const answers = context.family === "ipv6" ? V6 : V4;
    const lower = word.toLowerCase();
    const found = answers.find(({ name, alias }) => name.startsWith(lower) || alias.startsWith(lower));
    if (!found)
      throw new RuleSyntaxError(
        `"${word}" is not an answer of REJECT`,
        answers.map(({ name }) => name).join(", "),
      );
    return found.name;
  },
};

const defaultAnswer = (context: Context): string =>
  context.family === "ipv6" ? "icmp6-port-unreachable" : "icmp-port-unreachable";

export const REJECT = target("REJECT", {
  tables: ["filter"],
  hooks: ["INPUT", "FORWARD", "OUTPUT"],
  options: [option("reject-with", answer, { byDefault: (context) => [defaultAnswer(context)] })],
  check: (options, context) => {
    if (first(options, "reject-with") === "tcp-reset" && context.protocol !== 6)
      throw new RuleSyntaxError("tcp-reset answers TCP only", "-p tcp");
  },
  act: (options, context): Action => ({
    kind: "reject",
    with: first(options, "reject-with", defaultAnswer(context)),
  }),
});
