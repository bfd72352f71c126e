import { type AddressType, type Match, unknownCondition } from "../../model";
import { isLoopback, isMulticast, isUnspecified, isZeronet, type Words } from "../../routing/address";
import { fibOf } from "../../routing/fib";
import { headerOf } from "../../routing/flow";
import { addressType, isLocal } from "../../routing/local";
import { flip } from "../state/answer";
import type { Evaluation } from "../state/evaluation";
import type { HookState } from "../state/hook-state";
import { type Ask, deviceMatches } from "./header";

type Of<K extends Match["kind"]> = Extract<Match, { kind: K }>;

/** `-m addrtype`: the type of an address according to this host's routing tables (xt_addrtype.c). */
export function addressTypeTest(match: Of<"addressType">): Ask {
  return (hookState, evaluation) => {
    const words = match.side === "source" ? hookState.src : hookState.dst;
    const types = match.types.join(",");
    if (words === undefined)
      return flip(
        unknownCondition(
          `${match.side} type ${types}`,
          `the address is ${types}`,
          `the address is not ${types}`,
        ),
        match.inverted,
      );
    if (hookState.packet.family === "ipv6") return type6(match, hookState, words, evaluation);
    const limit = match.limitTo === "in" ? hookState.in : match.limitTo === "out" ? hookState.out : undefined;
    const type = addressType(hookState.host, words, limit === "" ? undefined : limit);
    if (typeof type === "string") return match.types.includes(type) !== match.inverted;
    if (match.types.length === 1 && match.types[0] === "LOCAL" && match.limitTo === undefined)
      return flip(type, match.inverted);
    // An address has exactly one type. If it was decided that this one is LOCAL, it has no other type; if not, LOCAL is out.
    const local = evaluation.fact(type.key);
    if (local === true && match.limitTo === undefined)
      return match.types.includes("LOCAL") !== match.inverted;
    const rest = local === false ? match.types.filter((kind) => kind !== "LOCAL") : match.types;
    if (rest.length === 0) return match.inverted;
    const key = `${type.key.slice("local ".length)} is ${rest.join(",")} ${match.limitTo ?? ""}`;
    return flip(
      unknownCondition(key, `${key.trim()}`, `${type.key.slice("local ".length)} is not ${rest.join(",")}`),
      match.inverted,
    );
  };
}

const ROUTE_TYPES: readonly AddressType[] = ["LOCAL", "ANYCAST", "UNREACHABLE"];
const REFUSING: readonly string[] = ["unreachable", "prohibit", "blackhole", "throw"];

function type6(
  match: Of<"addressType">,
  hookState: HookState,
  words: Words,
  evaluation: Evaluation,
): ReturnType<Ask> {
  const wants = (type: AddressType): boolean => match.types.includes(type);
  if (wants("MULTICAST") && !isMulticast(words)) return match.inverted;
  if (wants("UNICAST") && (isMulticast(words) || isUnspecified(words))) return match.inverted;
  if (wants("UNSPEC") && !isUnspecified(words)) return match.inverted;
  if (!wants("LOCAL") && !wants("ANYCAST") && !wants("UNREACHABLE")) return !match.inverted;
  const device = match.limitTo === "in" ? hookState.in : match.limitTo === "out" ? hookState.out : "";
  if (device !== "") return limited6(match, hookState, words, device, evaluation);
  const local = isLocal(hookState.host, words);
  if (typeof local !== "boolean") return flip(local, match.inverted);
  if (local) return wants("LOCAL") !== match.inverted;
  const found = fibOf(hookState.host, "ipv6").lookup({ dst: words, mark: 0, iif: "lo" }, evaluation);
  // UNREACHABLE means no route, or one that refuses packets (xt_addrtype.c, match_lookup_rt6).
  const unreachable = found.kind === "none" || REFUSING.includes(found.route.type);
  if (found.kind === "route" && found.route.type === "anycast") return wants("ANYCAST") !== match.inverted;
  return (unreachable && wants("UNREACHABLE")) !== match.inverted;
}

/** With `--limit-iface-*`, only addresses of the device are LOCAL, and addresses without a route by it are UNREACHABLE. */
function limited6(
  match: Of<"addressType">,
  hookState: HookState,
  words: Words,
  device: string | undefined,
  evaluation: Evaluation,
): ReturnType<Ask> {
  if (device === undefined || hookState.host.routes === undefined) {
    const key = `${match.side} is ${match.types.join(",")} ${match.limitTo ?? ""}`.trim();
    return flip(unknownCondition(key, key, `not: ${key}`), match.inverted);
  }
  const found = fibOf(hookState.host, "ipv6").lookup(
    { dst: words, mark: 0, iif: "lo", oif: device },
    evaluation,
  );
  const type =
    found.kind === "none" || REFUSING.includes(found.route.type) ? "UNREACHABLE" : found.route.type;
  // Other route types match nothing here. UNICAST was already compared with the address alone.
  const known = ROUTE_TYPES.find((name) => name === type.toUpperCase());
  return (known !== undefined && match.types.includes(known)) !== match.inverted;
}

/** `-m owner`: only packets from a local socket have an owner (xt_owner.c). */
export function owner(match: Of<"owner">): Ask {
  return (hookState, evaluation) => {
    if (match.socketExists === true) return (hookState.socket !== "none") !== match.inverted;
    if (hookState.socket !== "process") return match.inverted;
    const who = evaluation.unknownFields.has("owner") ? undefined : hookState.packet.owner;
    const wanted = match.uid ?? match.gid;
    if (wanted === undefined) return !match.inverted;
    const inRange = (id: number | undefined): boolean =>
      id !== undefined && id >= wanted.from && id <= wanted.to;
    const what = match.uid === undefined ? "group" : "user";
    const known = match.uid === undefined ? who?.gid : who?.uid;
    if (known === undefined) {
      const key = `${what} ${wanted.from}-${wanted.to}`;
      return flip(unknownCondition(key, `the sender's ${key}`, `the sender is not ${key}`), match.inverted);
    }
    const groups = match.supplementary === true && match.gid !== undefined ? (who?.groups ?? []) : [];
    return [known, ...groups].some(inRange) !== match.inverted;
  };
}

/** `-m rpfilter`: whether the reverse route uses the device that the packet arrived on (ipt_rpfilter.c, ip6t_rpfilter.c). */
export function rpfilter(match: Of<"rpfilter">): Ask {
  return (hookState, evaluation) => {
    if (hookState.in === "lo") return !match.inverted;
    if (hookState.src === undefined || hookState.host.routes === undefined || hookState.in === undefined)
      return flip(
        unknownCondition("rpfilter", "the reverse-path test passes", "the reverse-path test fails"),
        match.inverted,
      );
    const ipv6 = hookState.packet.family === "ipv6";
    if (ipv6 && isUnspecified(hookState.src)) return !match.inverted;
    if (hookState.dst !== undefined && isMulticast(hookState.dst) && isZeronet(hookState.src))
      return !match.inverted;
    const { tos, unknownFields = [] } = headerOf(hookState.packet, evaluation);
    const found = fibOf(hookState.host, hookState.packet.family).lookup(
      {
        dst: hookState.src,
        mark: match.validMark ? hookState.packet.mark : 0,
        iif: "lo",
        ...(tos === undefined ? {} : { tos }),
        unknownFields: unknownFields.filter((field) => field === "tos"),
        ...(hookState.dst === undefined || isLoopback(hookState.dst) ? {} : { src: hookState.dst }),
      },
      evaluation,
    );
    if (found.kind === "none") return match.inverted;
    const usable = found.route.type === "unicast" || (found.route.type === "local" && match.acceptLocal);
    if (!usable) return match.inverted;
    // A packet whose source address belongs to this host: ip6t_rpfilter.c accepts it on any device, ipt_rpfilter.c does not.
    if (ipv6 && found.route.type === "local") return !match.inverted;
    const same = match.loose || found.equal.some((route) => route.dev === hookState.in);
    return same !== match.inverted;
  };
}

/** `-m physdev`: compares the bridge ports of a frame that br_netfilter passes to the rules (xt_physdev.c). */
export function physdev(match: Of<"physdev">): Ask {
  return (hookState) => {
    if (hookState.physIn === undefined && hookState.physOut === undefined) {
      // Without bridge information, a plain option does not match and a negated one does.
      return match.inverted;
    }
    const bridged = hookState.physIn !== undefined && hookState.physOut !== undefined;
    const checks: boolean[] = [];
    if (match.in !== undefined) checks.push(deviceMatches(hookState.physIn ?? "", match.in));
    if (match.out !== undefined) checks.push(deviceMatches(hookState.physOut ?? "", match.out));
    if (match.isIn) checks.push(hookState.physIn !== undefined);
    if (match.isOut) checks.push(hookState.physOut !== undefined);
    if (match.isBridged) checks.push(bridged);
    return checks.every((check) => check !== match.inverted);
  };
}
