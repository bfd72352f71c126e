import { isIP } from "node:net";
import { checkPort, LabError } from "../../engine";
import { parseCidr } from "../cidr/cidr";
import type { ForwardSpec } from "./spec";

/** Returns the port on which a forward proxy listens. */
export const forwardPort = (spec: ForwardSpec): number => spec.port ?? 8888;

/**
 * Returns the tinyproxy configuration of a forward proxy. See tinyproxy.conf(5).
 *
 * @throws LabError `BAD_PORT`, `BAD_ADDRESS`.
 */
export function tinyproxyConfig(name: string, spec: ForwardSpec): string {
  const allow = (spec.allow ?? []).map(
    (range) => `Allow ${isIP(range) === 0 ? parseCidr(range, name).text : range}`,
  );
  const ports = (spec.connectPorts ?? [443]).map((port) => `ConnectPort ${checkPort(port, name)}`);
  return [
    `Port ${checkPort(forwardPort(spec), name)}`,
    ...allow,
    ...ports,
    `ViaProxyName "${name}"`,
    ...(spec.tellClient === true ? ["XTinyproxy Yes"] : []),
    "MaxClients 100",
    "Timeout 60",
    "LogLevel Connect",
  ].join("\n");
}

/**
 * Returns the lines of /etc/hosts for the host names that only the proxy can resolve.
 *
 * @throws LabError `BAD_NAME`, `BAD_ADDRESS`.
 */
export function hostsLines(name: string, names: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(names).map(([host, address]) => {
    if (isIP(address) === 0) {
      throw new LabError("BAD_ADDRESS", {
        where: name,
        found: `${JSON.stringify(address)} is not a valid address for ${host}`,
        advice: 'Map names to addresses: { "shop.example": lab.outside.address }.',
      });
    }
    return `${address}\t${checkHost(host, name)}`;
  });
}

/** Returns `host` if it is a valid host name (RFC 1123). @throws LabError `BAD_NAME`. */
export function checkHost(host: string, where: string): string {
  if (host.length <= 253 && /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.?)+$/i.test(host)) return host;
  throw new LabError("BAD_NAME", {
    where,
    found: `${JSON.stringify(host)} is not a valid host name`,
    advice: "Use letters, digits and hyphens, separated by dots, as in shop.example.",
  });
}
