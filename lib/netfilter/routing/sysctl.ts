import type { Host } from "../traverse/host";

/**
 * Reads a sysctl by its dotted name, with the kernel's default where it is not listed: forwarding off, rp_filter off,
 * route_localnet off, no marks reflected (Documentation/networking/ip-sysctl.rst).
 * Interface names keep their dots: `net.ipv4.conf.eth0/100.rp_filter` is how sysctl writes eth0.100.
 */
export function sysctl(host: Host, name: string): number {
  return Number(host.sysctls?.[name] ?? DEFAULTS[name] ?? 0);
}

const DEFAULTS: Readonly<Record<string, number>> = {
  "net.netfilter.nf_conntrack_tcp_loose": 1,
  "net.ipv4.conf.all.send_redirects": 1,
};

const asked = new WeakMap<Host, Map<string, number | undefined>>();

/** A device's own setting; undefined where it is not listed. */
export function perDevice(
  host: Host,
  family: "ipv4" | "ipv6",
  device: string,
  key: string,
): number | undefined {
  if (host.sysctls === undefined) return undefined;
  let known = asked.get(host);
  if (known === undefined) {
    known = new Map();
    asked.set(host, known);
  }
  // Every packet asks these; names are put together once.
  const name = `${family} ${device} ${key}`;
  if (known.has(name)) return known.get(name);
  const text = host.sysctls[`net.${family}.conf.${device.replaceAll(".", "/")}.${key}`];
  const value = text === undefined ? undefined : Number(text);
  known.set(name, value);
  return value;
}

/** The larger of `all` and the device (IN_DEV_MAXCONF), as rp_filter is read. */
export function maxOf(host: Host, device: string, key: string): number {
  return Math.max(sysctl(host, `net.ipv4.conf.all.${key}`), perDevice(host, "ipv4", device, key) ?? 0);
}

/** Whether `all` or the device has it on (IN_DEV_ORCONF), as route_localnet and send_redirects are read. */
export function eitherOf(host: Host, device: string, key: string, initial: number): boolean {
  return (
    sysctl(host, `net.ipv4.conf.all.${key}`) !== 0 || (perDevice(host, "ipv4", device, key) ?? initial) !== 0
  );
}

/**
 * Whether packets that came in by this device may be forwarded; undefined where no sysctl is known.
 * IPv4 asks the device (which `ip_forward` sets for all), IPv6 asks `all`.
 */
export function forwards(host: Host, family: "ipv4" | "ipv6", device: string): boolean | undefined {
  if (host.sysctls === undefined) return undefined;
  if (family === "ipv6") return sysctl(host, "net.ipv6.conf.all.forwarding") !== 0;
  const own = perDevice(host, "ipv4", device, "forwarding");
  return (own ?? sysctl(host, "net.ipv4.ip_forward")) !== 0;
}
