import { hex32 } from "../../../values/marks";
import { oneOf } from "../../../values/numbers";
import { mac } from "../../../values/prefix";
import { type Extension, flag, type Given, option, target } from "../../declare";
import { ARP, needs } from "../match/ip";

const BRIDGE = ["bridge"] as const;

const END = oneOf(["ACCEPT", "DROP", "CONTINUE", "RETURN"]);

const ending = (name: string, byDefault: string, silent = false) =>
  option(name, END, {
    byDefault: () => [byDefault],
    ...(silent ? { silent: (given: Given) => given.values[0] === byDefault } : {}),
  });

const MARK_FORMS = ["mark-set", "mark-or", "mark-and", "mark-xor"];

const markTarget = target("mark", {
  families: BRIDGE,
  oneOf: MARK_FORMS,
  options: [
    ...MARK_FORMS.map((name) =>
      option(name, hex32, {
        excludes: MARK_FORMS.filter((each) => each !== name),
        ...(name === "mark-set" ? { aliases: ["set-mark"] } : {}),
      }),
    ),
    ending("mark-target", "ACCEPT"),
  ],
});

const snat = target("snat", {
  families: BRIDGE,
  tables: ["nat"],
  hooks: ["POSTROUTING"],
  options: [
    option("to-src", mac, { aliases: ["to-source"], required: true }),
    flag("snat-arp"),
    ending("snat-target", "ACCEPT"),
  ],
});

const dnat = target("dnat", {
  families: BRIDGE,
  tables: ["nat", "broute"],
  hooks: ["PREROUTING", "OUTPUT", "BROUTING"],
  options: [
    option("to-dst", mac, { aliases: ["to-destination"], required: true }),
    ending("dnat-target", "ACCEPT"),
  ],
});

const redirect = target("redirect", {
  families: BRIDGE,
  tables: ["nat", "broute"],
  hooks: ["PREROUTING", "BROUTING"],
  options: [ending("redirect-target", "ACCEPT", true)],
});

const arpreply = target("arpreply", {
  families: BRIDGE,
  tables: ["nat"],
  hooks: ["PREROUTING"],
  options: [
    option("arpreply-mac", mac, { byDefault: () => ["00:00:00:00:00:00"] }),
    ending("arpreply-target", "DROP", true),
  ],
  check: (_options, context) => needs(ARP, "ARP")(context),
});

export const BRIDGE_TARGETS: readonly Extension[] = [markTarget, snat, dnat, redirect, arpreply];
