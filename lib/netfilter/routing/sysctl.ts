import type { Host } from "../model";
import { type UnknownCondition, unknownCondition } from "../model";
import type { Judge } from "./judge";

/**
 * The kernel's own values of what this model reads, where they are not 0 (Documentation/networking/ip-sysctl.rst,
 * nf_conntrack-sysctl.rst).
 */
const DEFAULTS: Readonly<Record<string, number>> = {
  "net.netfilter.nf_conntrack_tcp_loose": 1,
  "net.ipv4.conf.all.send_redirects": 1,
  "net.ipv4.ip_default_ttl": 64,
};

/**
 * A sysctl by its dotted name; undefined where it is not known. A host whose sysctls were read has the kernel's default
 * for what is not listed: the kernel has no such setting, or its module is not loaded.
 * Interface names keep their dots: `net.ipv4.conf.eth0/100.rp_filter` is how sysctl writes eth0.100.
 */
export function knownSysctl(host: Host, name: string): number | undefined {
  const text = host.sysctls?.[name];
  if (text !== undefined) return Number(text);
  if (host.sysctls === undefined || host.partialSysctls === true) return undefined;
  return DEFAULTS[name] ?? 0;
}

/** A sysctl that hardly decides a packet's path: where it is not known, the kernel's default is taken, and named. */
export function presumedSysctl(host: Host, name: string, judge: Judge): number {
  const known = knownSysctl(host, name);
  if (known !== undefined) return known;
  const value = DEFAULTS[name] ?? 0;
  judge.presume(`${name}=${value} (not given; the kernel's default)`);
  return value;
}

/** Whether a sysctl is on; both are followed where it is not known. */
export function decidedSysctl(host: Host, name: string, judge: Judge): boolean {
  const known = knownSysctl(host, name);
  return known === undefined
    ? judge.decide(unknownCondition(`sysctl ${name}`, `${name}=1 (not given)`, `${name}=0 (not given)`))
    : known !== 0;
}

const asked = new WeakMap<Host, Map<string, number | undefined>>();

/** A device's own setting; undefined where it is not listed. */
function perDevice(host: Host, family: "ipv4" | "ipv6", device: string, key: string): number | undefined {
  if (host.sysctls === undefined) return undefined;
  let known = asked.get(host);
  if (known === undefined) {
    known = new Map();
    asked.set(host, known);
  }
  // Every packet asks these; names are put together once.
  const name = `${family} ${device} ${key}`;
  if (known.has(name)) return known.get(name);
  const text = host.sysctls[deviceName(family, device, key)];
  const value = text === undefined ? undefined : Number(text);
  known.set(name, value);
  return value;
}

function deviceName(family: "ipv4" | "ipv6", device: string, key: string): string {
  return `net.${family}.conf.${device.replaceAll(".", "/")}.${key}`;
}

/** Whether a sysctl that is not listed is one that is not known. */
export const isPartial = (host: Host): boolean => host.sysctls === undefined || host.partialSysctls === true;

/** Whether a setting that only the device has is on (IN_DEV_CONF_GET). */
export function deviceHas(
  host: Host,
  family: "ipv4" | "ipv6",
  device: string,
  key: string,
  judge: Judge,
): boolean {
  const own = perDevice(host, family, device, key);
  if (own !== undefined) return own !== 0;
  return isPartial(host) && decidedSysctl(host, deviceName(family, device, key), judge);
}

/** Values that the larger of `all` and the device (IN_DEV_MAXCONF) may have, the smallest first: rp_filter is read so. */
export function possibleFilters(host: Host, device: string): readonly number[] {
  const partial = isPartial(host);
  const all = knownSysctl(host, "net.ipv4.conf.all.rp_filter");
  const own = perDevice(host, "ipv4", device, "rp_filter") ?? (partial ? undefined : 0);
  if (all !== undefined && own !== undefined) return [Math.max(all, own)];
  const least = all ?? own ?? 0;
  return [0, 1, 2].filter((value) => value >= least);
}

/** Whether `all` or the device has a setting on (IN_DEV_ORCONF), as route_localnet and accept_local are read. */
export function either(host: Host, device: string, key: string, initial = 0): boolean | UnknownCondition {
  const all = `net.ipv4.conf.all.${key}`;
  const [shared, own] = [knownSysctl(host, all), perDevice(host, "ipv4", device, key)];
  if ((shared ?? 0) !== 0 || (own ?? 0) !== 0) return true;
  if (!isPartial(host)) return own === undefined && initial !== 0;
  const open = [
    ...(shared === undefined ? [all] : []),
    ...(own === undefined ? [deviceName("ipv4", device, key)] : []),
  ];
  if (open.length === 0) return false;
  return unknownCondition(
    `sysctl ${key} ${device}`,
    `${open.map((name) => `${name}=1`).join(" or ")} (not given)`,
    `${open.map((name) => `${name}=0`).join(" and ")} (not given)`,
  );
}

/**
 * Whether packets that came in by this device may be forwarded. IPv4 asks the device (which `ip_forward` sets for all),
 * IPv6 asks `all`, and the device's force_forwarding (ip6_forward, since Linux 6.17).
 */
export function forwards(host: Host, family: "ipv4" | "ipv6", device: string, judge: Judge): boolean {
  if (family === "ipv6")
    return (
      decidedSysctl(host, "net.ipv6.conf.all.forwarding", judge) ||
      perDevice(host, "ipv6", device, "force_forwarding") === 1
    );
  const own = perDevice(host, "ipv4", device, "forwarding");
  if (own !== undefined) return own !== 0;
  const value = decidedSysctl(host, "net.ipv4.ip_forward", judge);
  if (isPartial(host) && host.sysctls?.["net.ipv4.ip_forward"] !== undefined)
    judge.presume(`${deviceName("ipv4", device, "forwarding")}=${value ? 1 : 0} (not given; as ip_forward)`);
  return value;
}
