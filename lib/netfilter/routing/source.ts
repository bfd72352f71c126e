import type { Host } from "../model";
import { type Packet, unknownCondition } from "../model";
import { addressWords, isZeronet, type Words } from "./address";
import { type Found, fibOf } from "./fib";
import { headerOf, reversedHeader } from "./flow";
import { decideIfRelevant, type Judge, settled } from "./judge";
import { isLocal, knowsAddresses } from "./local";
import { either, isPartial, possibleFilters } from "./sysctl";

/** The packet whose source is validated, and its incoming and outgoing device. */
interface SourceCheck {
  readonly host: Host;
  readonly packet: Packet;
  readonly src: Words;
  readonly device: string;
  readonly out: string | undefined;
  readonly judge: Judge;
}

/**
 * Validates the source of an incoming packet (fib_validate_source). rp_filter is the maximum of `all` and the device. Even
 * without it, a source that is one of the host's own addresses is a martian.
 *
 * @returns why the source is rejected, or undefined if it is accepted.
 */
export function validateSource(
  host: Host,
  packet: Packet,
  src: Words,
  device: string,
  out: string | undefined,
  judge: Judge,
): string | undefined {
  if (isZeronet(src)) return undefined;
  const check = { host, packet, src, device, out, judge };
  // If everything is known, there are no unknown conditions to explore.
  if (
    !isPartial(host) &&
    host.routes !== undefined &&
    !fibOf(host, "ipv4").customRules &&
    knowsAddresses(host)
  )
    return martianReason(check);
  return decideIfRelevant(
    judge,
    (judge) => martianReason({ ...check, judge }),
    (a, b) => (a === undefined) === (b === undefined),
  );
}

function martianReason(check: SourceCheck): string | undefined {
  const { host, packet, src, device, out, judge } = check;
  const filters = possibleFilters(host, device);
  if (host.routes === undefined) return withoutRoutes(check, filters);
  const own = isLocal(host, src);
  // If it is unknown whether the address belongs to the host, the packet follows both branches of that question. If
  // accept_local is unknown too, it is assumed to be off.
  if (typeof own !== "boolean" && judge.decide(own)) {
    const accepts = either(host, device, "accept_local");
    if (typeof accepts !== "boolean") judge.presume(accepts.no);
    return accepts === true ? undefined : martian(packet);
  }
  const { customRules } = fibOf(host, "ipv4");
  let found: Found | undefined;
  const full = (filter: number): string | undefined => {
    found ??= routeBack(check);
    return checkReverseRoute(check, filter, found);
  };
  const verdicts = filters.map((filter) => {
    if (filter !== 0 || customRules) return full(filter);
    // Without rp_filter, the kernel looks up the reverse route only if it might send a redirect (fib_validate_source).
    if (out === device && settled(either(host, device, "send_redirects", 1), judge)) return full(0);
    return ownAddress(check);
  });
  const passing = filters.filter((_filter, at) => verdicts[at] === undefined);
  const failure = verdicts.find((verdict) => verdict !== undefined);
  if (failure === undefined || passing.length === 0) return failure;
  return judge.decide(filterCondition(device, passing, filters)) ? undefined : failure;
}

/** The condition that rp_filter has one of the values with which the source passes. */
function filterCondition(device: string, passing: readonly number[], all: readonly number[]) {
  const failing = all.filter((filter) => !passing.includes(filter));
  const names = `net.ipv4.conf.all.rp_filter and net.ipv4.conf.${device.replaceAll(".", "/")}.rp_filter`;
  const is = (filters: readonly number[]): string =>
    `rp_filter=${filters.join(" or ")} on ${device} (not given; the larger of ${names} counts)`;
  return unknownCondition(`rp_filter ${device} ${passing.join(",")}`, is(passing), is(failing));
}

function ownAddress({ host, packet, src, device, judge }: SourceCheck): string | undefined {
  const accepts = either(host, device, "accept_local");
  if (accepts === true || !settled(isLocal(host, src), judge) || settled(accepts, judge)) return undefined;
  return martian(packet);
}

const martian = ({ src }: Packet): string => `martian source ${src}: it is this host's own address`;

function routeBack({ host, packet, src, device, out, judge }: SourceCheck): Found {
  const fib = fibOf(host, "ipv4");
  // Without policy rules, only the TOS can matter besides the address.
  if (!fib.customRules)
    return fib.lookup(
      {
        dst: src,
        mark: 0,
        iif: out ?? "lo",
        tos: packet.tos,
        ...(judge.unknownFields.has("tos") ? { unknownFields: ["tos"] } : {}),
      },
      judge,
    );
  const dst = addressWords(packet.dst);
  const marked = packet.mark !== 0 && settled(either(host, device, "src_valid_mark"), judge);
  return fib.lookup(
    {
      ...reversedHeader(headerOf(packet, judge)),
      dst: src,
      mark: marked ? packet.mark : 0,
      iif: out ?? "lo",
      ...(dst === undefined ? {} : { src: dst }),
    },
    judge,
  );
}

function checkReverseRoute(
  { host, packet, device, judge }: SourceCheck,
  filter: number,
  back: Found,
): string | undefined {
  const failed = `reverse-path filter (rp_filter ${filter})`;
  if (back.kind === "none" || ["unreachable", "prohibit", "blackhole"].includes(back.route.type))
    return filter === 0 ? undefined : `${failed}: no route back to ${packet.src}`;
  const { type } = back.route;
  if (type !== "unicast" && !(type === "local" && settled(either(host, device, "accept_local"), judge)))
    return `martian source ${packet.src}: it is ${type === "local" ? "this host's own" : `a ${type}`} address`;
  if (filter !== 1 || back.equal.some((route) => route.dev === device)) return undefined;
  if (back.route.dev === undefined) {
    const by = `the route back to ${packet.src}`;
    const same = unknownCondition(
      `back ${packet.src} ${device}`,
      `${by} leaves by ${device}`,
      `${by} does not leave by ${device}`,
    );
    return judge.decide(same) ? undefined : `${failed}: ${same.no}`;
  }
  return `${failed}: the route back to ${packet.src} leaves by ${back.route.dev}, not by ${device}`;
}

/** If the routes are unknown, whether the source is accepted is one unknown condition, unless nothing can reject it. */
function withoutRoutes(check: SourceCheck, filters: readonly number[]): string | undefined {
  const { host, packet, src, device, judge } = check;
  const own = isLocal(host, src);
  if (filters.length === 1 && filters[0] === 0) return ownAddress(check);
  if (own === true) return ownAddress(check);
  const given =
    filters.length === 1
      ? `rp_filter=${filters[0]}; the routes are not given`
      : "rp_filter and the routes are not given";
  const what = `the source check accepts ${packet.src} on ${device}`;
  const passes = judge.decide(
    unknownCondition(
      `source ${packet.src} ${device}`,
      `${what} (${given})`,
      `${what.replace("accepts", "rejects")} (${given})`,
    ),
  );
  return passes ? undefined : `the source ${packet.src} is rejected on ${device} (rp_filter, or a martian)`;
}
