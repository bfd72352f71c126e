import type { Action } from "../../../model/action";
import { number, text, U16, U32, whole } from "../../values/numbers";
import {
  type Context,
  type Extension,
  flag,
  type Given,
  type Kind,
  option,
  Refusal,
  target,
} from "../declare";
import { first } from "../option-values";
import { note } from "../shared/side-effect-target";

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

const answer: Kind = {
  what: "how to answer, such as icmp-port-unreachable or tcp-reset",
  read: (word, context) => {
    const answers = context.family === "ipv6" ? V6 : V4;
    const lower = word.toLowerCase();
    const found = answers.find(({ name, alias }) => name.startsWith(lower) || alias.startsWith(lower));
    if (!found)
      throw new Refusal(`"${word}" is not an answer of REJECT`, answers.map(({ name }) => name).join(", "));
    return found.name;
  },
};

const defaultAnswer = (context: Context): string =>
  context.family === "ipv6" ? "icmp6-port-unreachable" : "icmp-port-unreachable";

const REJECT = target("REJECT", {
  tables: ["filter"],
  hooks: ["INPUT", "FORWARD", "OUTPUT"],
  options: [option("reject-with", answer, { byDefault: (context) => [defaultAnswer(context)] })],
  check: (options, context) => {
    if (first(options, "reject-with") === "tcp-reset" && context.protocol !== 6)
      throw new Refusal("tcp-reset answers TCP only", "-p tcp");
  },
  act: (options, context): Action => ({
    kind: "reject",
    with: first(options, "reject-with", defaultAnswer(context)),
  }),
});

const LEVELS = ["emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"];
const LEVEL_ALIASES: Readonly<Record<string, string>> = { panic: "emerg" };

const level: Kind = {
  what: "a level, 0 to 7, or its name",
  read: (word) => {
    const name = LEVEL_ALIASES[word.toLowerCase()] ?? word.toLowerCase();
    const named = LEVELS.indexOf(name);
    if (named >= 0) return String(named);
    if (!/^\d+$/.test(word)) throw new Refusal(`"${word}" is not a log level`, LEVELS.join(", "));
    return String(whole(word, 0, 7, "a log level"));
  },
};

const LOG = target("LOG", {
  options: [
    option("log-prefix", text(29)),
    option("log-level", level, { silent: (given) => given.values[0] === "4" }),
    flag("log-tcp-sequence"),
    flag("log-tcp-options"),
    flag("log-ip-options"),
    flag("log-uid"),
    flag("log-macdecode"),
  ],
  act: note("LOG"),
});

/** The legacy kernel structure holds less of a prefix than nftables' log expression does. */
const cut = (value: string, bytes: number): string => Buffer.from(value).subarray(0, bytes).toString();

const isZero = (given: Given): boolean => given.values[0] === "0";

const NFLOG = target("NFLOG", {
  options: [
    option("nflog-prefix", {
      ...text(127),
      shown: (value, variant) => (variant === "legacy" ? cut(value, 63) : value),
    }),
    option("nflog-group", number(0, U16), { silent: isZero }),
    option("nflog-range", number(0, U32), { legacyOnly: true, silent: isZero, excludes: ["nflog-size"] }),
    option("nflog-size", number(0, U32)),
    option("nflog-threshold", number(0, U16), { silent: isZero }),
  ],
  act: note("NFLOG"),
});

const TRACE = target("TRACE", { legacyTables: ["raw"], act: note("TRACE") });

export const VERDICT_TARGETS: readonly Extension[] = [REJECT, LOG, NFLOG, TRACE];
