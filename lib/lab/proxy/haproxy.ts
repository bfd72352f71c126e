import { isIP } from "node:net";
import { checkPort, LabError } from "../../engine";
import { httpLogFormat, tcpLogFormat } from "./log";
import type { AddedHeader, HealthCheck, ReverseSpec, Upstream } from "./spec";

/** The headers that a reverse proxy adds to each request by default. */
const defaultHeaders: readonly AddedHeader[] = ["X-Forwarded-For", "X-Forwarded-Proto", "Via"];

/** Returns the ports on which a reverse proxy listens. */
export function reversePorts({ port = 80, tls }: ReverseSpec): readonly number[] {
  return tls ? [port, tls.port ?? 443] : [port];
}

/**
 * Returns the HAProxy configuration of a reverse proxy. See HAProxy's Configuration Manual (docs.haproxy.org/2.6).
 *
 * @throws LabError `BAD_PORT`, `BAD_ADDRESS`, `BAD_NAME`, `BAD_NUMBER`, `NOT_SUPPORTED` for routes or headers in mode tcp.
 */
export function haproxyConfig(name: string, spec: ReverseSpec): string {
  const { mode = "http", routes = {} } = spec;
  if (mode === "tcp" && (Object.keys(routes).length > 0 || (spec.headers ?? []).length > 0)) {
    throw new LabError("NOT_SUPPORTED", {
      where: name,
      found: "mode tcp doesn't support routes and headers, because the proxy doesn't read HTTP",
      advice: 'Use { mode: "http" }, or leave routes and headers out.',
    });
  }
  const retries = spec.retries ?? 3;
  const paths = Object.keys(routes)
    .map((path) => checkPath(path, name))
    .sort((a, b) => b.length - a.length || a.localeCompare(b));
  const sections = [
    ["global", "log stdout format raw local0", "stats socket /tmp/admin.sock level operator", "nbthread 1"],
    [
      "defaults",
      `mode ${mode}`,
      "log global",
      "timeout connect 2s",
      "timeout client 30s",
      "timeout server 30s",
      `retries ${checkCount(retries, 0, name, "retries")}`,
      ...(retries > 0 ? ["option redispatch"] : []),
    ],
    [
      "frontend clients",
      ...binds(name, spec),
      `log-format "${mode === "http" ? httpLogFormat : tcpLogFormat}"`,
      ...(mode === "http" ? headerLines(name, spec) : []),
      ...paths.map((path) => `use_backend ${backendName(path)} if { path_beg ${path} }`),
      "default_backend servers",
    ],
    ["backend servers", ...backend(name, spec, spec.upstreams)],
    ...paths.map((path) => [`backend ${backendName(path)}`, ...backend(name, spec, routes[path] ?? [])]),
  ];
  return sections
    .map(([head, ...lines]) => [head, ...lines.map((line) => `    ${line}`)].join("\n"))
    .join("\n\n");
}

function binds(name: string, spec: ReverseSpec): readonly string[] {
  const proxied = spec.acceptProxy === true ? " accept-proxy" : "";
  const [plain = 80, secure] = reversePorts(spec).map((port) => checkPort(port, name));
  return [
    `bind :${plain}${proxied}`,
    ...(secure === undefined ? [] : [`bind :${secure}${proxied} ssl crt /tmp/edge.pem`]),
  ];
}

function headerLines(name: string, spec: ReverseSpec): readonly string[] {
  const scheme = "%[ssl_fc,iif(https,http)]";
  const add: Readonly<Record<AddedHeader, string>> = {
    "X-Forwarded-For": `http-request ${spec.forwardedFor === "append" ? "add" : "set"}-header X-Forwarded-For %[src]`,
    "X-Forwarded-Proto": `http-request set-header X-Forwarded-Proto ${scheme}`,
    Forwarded: `http-request add-header Forwarded "for=%[src];host=%[req.hdr(host)];proto=${scheme}"`,
    Via: `http-request add-header Via "1.1 ${name}"`,
  };
  return (spec.headers ?? defaultHeaders).map((header) => add[header]);
}

function backend(name: string, spec: ReverseSpec, upstreams: readonly Upstream[]): readonly string[] {
  const { check = {}, sendProxy, balance = "roundrobin", mode = "http" } = spec;
  if (upstreams.length === 0) {
    throw new LabError("SELECTOR_EMPTY", {
      where: name,
      found: "there is no server to forward requests to",
      advice: "Specify at least one: { upstreams: [web] }.",
    });
  }
  const options = [check === false ? "" : " check", sendProxy === true ? " send-proxy" : ""].join("");
  return [
    `balance ${balance}`,
    ...(check === false ? [] : checkLines(name, check, mode)),
    ...upstreams.map((each) => `server ${serverName(each)} ${socket(each, name)}${options}`),
  ];
}

function checkLines(name: string, check: HealthCheck, mode: "http" | "tcp"): readonly string[] {
  const { path, everyMs = 500, fall = 3, rise = 2 } = check;
  const count = (value: number, what: string): number => checkCount(value, 1, name, what);
  return [
    ...(path === undefined ? [] : [`option httpchk GET ${checkPath(path, name)}`]),
    ...(path === undefined || mode === "tcp" ? [] : ["http-check expect rstatus ^[23]"]),
    `default-server inter ${count(everyMs, "everyMs")}ms fall ${count(fall, "fall")} rise ${count(rise, "rise")}`,
  ];
}

/** Returns the name of a server in HAProxy's configuration: that of the place, with `n1-web` for `n1/web`. */
function serverName({ name }: Upstream): string {
  return name.replace(/[^A-Za-z0-9_.-]/g, "-");
}

const backendName = (path: string): string => `path${path.replace(/[^A-Za-z0-9]/g, "-")}`;

function socket({ name, address, port = 80 }: Upstream, where: string): string {
  if (isIP(address) === 0) {
    throw new LabError("BAD_ADDRESS", {
      where,
      found: `${JSON.stringify(address)} is not a valid address for ${name}`,
      advice: "Use running places with an address on a network that the proxy can reach.",
    });
  }
  return `${isIP(address) === 6 ? `[${address}]` : address}:${checkPort(port, where)}`;
}

function checkPath(path: string, where: string): string {
  if (/^\/[A-Za-z0-9._~/-]*$/.test(path)) return path;
  throw new LabError("BAD_NAME", {
    where,
    found: `${JSON.stringify(path)} is not a valid path prefix`,
    advice: "A path starts with a slash and consists of letters, digits and ._~-: /api.",
  });
}

function checkCount(value: number, least: number, where: string, what: string): number {
  if (Number.isInteger(value) && value >= least && value <= 3_600_000) return value;
  throw new LabError("BAD_NUMBER", {
    where,
    found: `${what}: ${value} is not valid`,
    advice: `Use a whole number from ${least} to 3600000.`,
  });
}
