import type { Match } from "../../../model/match";
import { interfaceName } from "../../values/interface-name";
import { invertible, match } from "../declare";
import type { Options } from "../extension";

const PHYSDEV = [
  "physdev-in",
  "physdev-is-in",
  "physdev-out",
  "physdev-is-out",
  "physdev-is-bridged",
] as const;

function physdevs(options: Options): readonly Match[] {
  const none = { kind: "physdev", isIn: false, isOut: false, isBridged: false } as const;
  return PHYSDEV.flatMap((name): Match[] => {
    const given = options.get(name);
    if (!given) return [];
    const turned = { ...none, inverted: given.inverted };
    const device = given.values[0] ?? "";
    if (name === "physdev-in") return [{ ...turned, in: device }];
    if (name === "physdev-out") return [{ ...turned, out: device }];
    if (name === "physdev-is-in") return [{ ...turned, isIn: true }];
    if (name === "physdev-is-out") return [{ ...turned, isOut: true }];
    return [{ ...turned, isBridged: true }];
  });
}

/** Matches the bridge ports of bridged packets (xt_physdev.c). */
export const physdev = match("physdev", {
  oneOf: PHYSDEV,
  options: [
    invertible("physdev-is-in", []),
    invertible("physdev-in", interfaceName),
    invertible("physdev-is-out", []),
    invertible("physdev-out", interfaceName),
    invertible("physdev-is-bridged", []),
  ],
  hooks: (options) => {
    const outgoing = options.has("physdev-out") || options.has("physdev-is-out");
    const bridged = options.get("physdev-is-bridged");
    return outgoing && (!bridged || bridged.inverted)
      ? ["PREROUTING", "INPUT", "FORWARD", "POSTROUTING"]
      : undefined;
  },
  toMatches: physdevs,
});
