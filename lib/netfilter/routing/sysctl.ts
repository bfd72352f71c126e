import type { Host } from "../model";
import { type UnknownCondition, unknownCondition } from "../model";
import type { Judge } from "./judge";

/**
 * The kernel's defaults of the sysctls that the model uses, if not 0 (Documentation/networking/ip-sysctl.rst,
 * nf_conntrack-sysctl.rst).
 */
const DEFAULTS: Readonly<Record<string, number>> = {
  "net.netfilter.nf_conntrack_tcp_loose": 1,
  "net.ipv4.conf.all.send_redirects": 1,
  "net.ipv4.ip_default_ttl": 64,
};

/**
 * Returns a sysctl by its dotted name, or undefined if unknown. If all sysctls of the host were read, a name that is not
 * listed has the default: the kernel does not have this setting, or its module is not loaded.
 * A dot in an interface name is written as a slash, as in sysctl(8): `net.ipv4.conf.eth0/100.rp_filter` for eth0.100.
 */
export function knownSysctl(host: Host, name: string): number | undefined {
  const text = host.sysctls?.[name];
  if (text !== undefined) return Number(text);
  if (host.sysctls === undefined || host.partialSysctls === true) return undefined;
  return DEFAULTS[name] ?? 0;
}

/** Returns a sysctl that rarely affects a path. If unknown, uses and records the kernel's default. */
export function presumedSysctl(host: Host, name: string, judge: Judge): number {
  const known = knownSysctl(host, name);
  if (known !== undefined) return known;
  const value = DEFAULTS[name] ?? 0;
  judge.presume(`${name}=${value} (not given; the kernel's default)`);
  return value;
}

/** Whether a sysctl is on. If unknown, the judge decides. */
export function decidedSysctl(host: Host, name: string, judge: Judge): boolean {
  const known = knownSysctl(host, name);
  return known === undefined
    ? judge.decide(unknownCondition(`sysctl ${name}`, `${name}=1 (not given)`, `${name}=0 (not given)`))
    : known !== 0;
}

const deviceSettings = new WeakMap<Host, Map<string, number | undefined>>();

/** Returns the setting of a device, or undefined if it is not listed. */
function perDevice(host: Host, family: "ipv4" | "ipv6", device: string, key: string): number | undefined {
  if (host.sysctls === undefined) return undefined;
  let known = deviceSettings.get(host);
  if (known === undefined) {
    known = new Map();
    deviceSettings.set(host, known);
  }
  // Called for every packet, so the values are cached for each host.
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

/** Whether a sysctl that is not listed is unknown. Otherwise it has the kernel's default. */
export const isPartial = (host: Host): boolean => host.sysctls === undefined || host.partialSysctls === true;

/** Whether a setting of the device alone is on (IN_DEV_CONF_GET). */
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

/** Returns the possible values of rp_filter in ascending order. The kernel uses the maximum of `all` and the device (IN_DEV_MAXCONF). */
export function possibleFilters(host: Host, device: string): readonly number[] {
  const partial = isPartial(host);
  const all = knownSysctl(host, "net.ipv4.conf.all.rp_filter");
  const own = perDevice(host, "ipv4", device, "rp_filter") ?? (partial ? undefined : 0);
  if (all !== undefined && own !== undefined) return [Math.max(all, own)];
  const least = all ?? own ?? 0;
  return [0, 1, 2].filter((value) => value >= least);
}

/** Whether a setting is on for `all` or the device (IN_DEV_ORCONF), for example route_localnet and accept_local. */
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
 * Whether packets that arrive on this device may be forwarded. IPv4 uses the setting of the device, which `ip_forward`
 * sets for all devices. IPv6 uses `all`, or force_forwarding of the device (ip6_forward, since Linux 6.17).
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
