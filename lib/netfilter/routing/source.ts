import type { Host } from "../model";
import { type Packet, unknownCondition } from "../model";
import { addressWords, isZeronet, type Words } from "./address";
import { type Found, fibOf } from "./fib";
import { headerOf, turned } from "./flow";
import { askIfItMatters, type Judge, settled } from "./judge";
import { isLocal, knowsAddresses } from "./local";
import { either, isPartial, possibleFilters } from "./sysctl";

/** A source that is to be believed or not: the packet, and the devices it came in by and leaves by. */
interface Question {
  readonly host: Host;
  readonly packet: Packet;
  readonly src: Words;
  readonly device: string;
  readonly out: string | undefined;
  readonly judge: Judge;
}

/**
 * fib_validate_source: why the source is not believed, or undefined. rp_filter is the larger of `all` and the device;
 * even without it a source that is one of the host's own addresses is a martian.
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
  const question = { host, packet, src, device, out, judge };
  // Where all is known nothing is asked.
  if (
    !isPartial(host) &&
    host.routes !== undefined &&
    !fibOf(host, "ipv4").customRules &&
    knowsAddresses(host)
  )
    return reasonAgainst(question);
  return askIfItMatters(
    judge,
    (judge) => reasonAgainst({ ...question, judge }),
    (a, b) => (a === undefined) === (b === undefined),
  );
}

function reasonAgainst(question: Question): string | undefined {
  const { host, packet, src, device, out, judge } = question;
  const filters = possibleFilters(host, device);
  if (host.routes === undefined) return withoutRoutes(question, filters);
  const own = isLocal(host, src);
  // One question is enough about an address that may be the host's own: then accept_local is taken as off.
  if (typeof own !== "boolean" && judge.decide(own)) {
    const accepts = either(host, device, "accept_local");
    if (typeof accepts !== "boolean") judge.presume(accepts.no);
    return accepts === true ? undefined : martian(packet);
  }
  const { customRules } = fibOf(host, "ipv4");
  let found: Found | undefined;
  const full = (filter: number): string | undefined => {
    found ??= routeBack(question);
    return judged(question, filter, found);
  };
  const verdicts = filters.map((filter) => {
    if (filter !== 0 || customRules) return full(filter);
    // Only where the kernel might answer with a redirect does it look at the route back without being told to.
    if (out === device && settled(either(host, device, "send_redirects", 1), judge)) return full(0);
    return ownAddress(question);
  });
  const passing = filters.filter((_filter, at) => verdicts[at] === undefined);
  const failure = verdicts.find((verdict) => verdict !== undefined);
  if (failure === undefined || passing.length === 0) return failure;
  return judge.decide(filterDoubt(device, passing, filters)) ? undefined : failure;
}

/** `rp_filter of eth0 is 0 or 2 (not given; …)` */
function filterDoubt(device: string, passing: readonly number[], all: readonly number[]) {
  const failing = all.filter((filter) => !passing.includes(filter));
  const names = `net.ipv4.conf.all.rp_filter and net.ipv4.conf.${device.replaceAll(".", "/")}.rp_filter`;
  const is = (filters: readonly number[]): string =>
    `rp_filter=${filters.join(" or ")} on ${device} (not given; the larger of ${names} counts)`;
  return unknownCondition(`rp_filter ${device} ${passing.join(",")}`, is(passing), is(failing));
}

function ownAddress({ host, packet, src, device, judge }: Question): string | undefined {
  const accepts = either(host, device, "accept_local");
  if (accepts === true || !settled(isLocal(host, src), judge) || settled(accepts, judge)) return undefined;
  return martian(packet);
}

const martian = ({ src }: Packet): string => `martian source ${src}: it is this host's own address`;

function routeBack({ host, packet, src, device, out, judge }: Question): Found {
  const fib = fibOf(host, "ipv4");
  const dst = addressWords(packet.dst);
  // Without policy rules nothing asks for the mark.
  const marked =
    packet.mark !== 0 && fib.customRules && settled(either(host, device, "src_valid_mark"), judge);
  return fib.lookup(
    {
      ...turned(headerOf(packet, judge)),
      dst: src,
      mark: marked ? packet.mark : 0,
      iif: out ?? "lo",
      ...(dst === undefined ? {} : { src: dst }),
    },
    judge,
  );
}

function judged({ host, packet, device, judge }: Question, filter: number, back: Found): string | undefined {
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

/** Routes that were not given: whether the source is believed is one question, unless nothing can be against it. */
function withoutRoutes(question: Question, filters: readonly number[]): string | undefined {
  const { host, packet, src, device, judge } = question;
  const own = isLocal(host, src);
  if (filters.length === 1 && filters[0] === 0) return ownAddress(question);
  if (own === true) return ownAddress(question);
  const given =
    filters.length === 1
      ? `rp_filter=${filters[0]}; the routes are not given`
      : "rp_filter and the routes are not given";
  const what = `the source check lets ${packet.src} in by ${device}`;
  const passes = judge.decide(
    unknownCondition(
      `source ${packet.src} ${device}`,
      `${what} (${given})`,
      `${what.replace("lets", "does not let")} (${given})`,
    ),
  );
  return passes
    ? undefined
    : `the source ${packet.src} is not believed on ${device} (rp_filter, or a martian)`;
}
