/**
 * Options of a forward proxy.
 *
 * @example
 * import type { ForwardSpec } from "wirebook";
 * // For lab.proxy(name, { forward }).
 * const forward: ForwardSpec = { port: 3128, allow: ["172.30.0.0/24"], names: { "shop.example": "172.30.0.2" } };
 */
export interface ForwardSpec {
  /** TCP port on which it listens. Default: 8888. */
  readonly port?: number;
  /** Host names that only the proxy can resolve, from its /etc/hosts: `{ "shop.example": "172.30.0.2" }`. Default: none. */
  readonly names?: Readonly<Record<string, string>>;
  /** Addresses and ranges of allowed clients. Default: all. */
  readonly allow?: readonly string[];
  /** Destination ports allowed for `CONNECT`. Default: only 443, so that clients can't tunnel other protocols. */
  readonly connectPorts?: readonly number[];
  /** Sends the client's address to the server in the header `X-Tinyproxy`. Default: false. */
  readonly tellClient?: boolean;
}

/**
 * Options of {@link Lab.proxy}.
 *
 * @example
 * import type { ProxySpec } from "wirebook";
 * // For lab.proxy(name, spec).
 * const spec: ProxySpec = { forward: { port: 3128 } };
 */
export interface ProxySpec {
  readonly forward: ForwardSpec;
}

/**
 * A server of a reverse proxy: a pod, a container, the outside, or anything else with a name and an address.
 *
 * @example
 * import type { Upstream } from "wirebook";
 * // For lab.reverseProxy(name, { upstreams: [legacy] }). A pod of the lab is an upstream as it is.
 * const legacy: Upstream = { name: "legacy", address: "192.0.2.7", port: 8080 };
 */
export interface Upstream {
  readonly name: string;
  readonly address: string;
  /** TCP port of the server. Default: 80. */
  readonly port?: number;
}

/**
 * A header that a reverse proxy adds to each request.
 *
 * @example
 * import type { AddedHeader } from "wirebook";
 * // For lab.reverseProxy(name, { upstreams, headers }).
 * const headers: readonly AddedHeader[] = ["Forwarded", "Via"];
 */
export type AddedHeader = "X-Forwarded-For" | "X-Forwarded-Proto" | "Forwarded" | "Via";

/**
 * Options of the health checks of a reverse proxy.
 *
 * @example
 * import type { HealthCheck } from "wirebook";
 * // For lab.reverseProxy(name, { upstreams, check }): down after 3 failed checks, that is within 3 seconds.
 * const check: HealthCheck = { path: "/health", everyMs: 1_000, fall: 3 };
 */
export interface HealthCheck {
  /** Path whose response must have status 2xx or 3xx. Default: none; then the check only opens a TCP connection. */
  readonly path?: string;
  /** Time between two checks, in milliseconds. Default: 500. */
  readonly everyMs?: number;
  /** Number of consecutive failed checks after which the server is down. Default: 3. */
  readonly fall?: number;
  /** Number of consecutive successful checks after which the server is up again. Default: 2. */
  readonly rise?: number;
}

/**
 * Options of a reverse proxy.
 *
 * @example
 * import type { ReverseSpec } from "wirebook";
 * const web = { name: "web", address: "172.30.0.5" };
 * const api = { name: "api", address: "172.30.0.6", port: 8080 };
 * // For lab.reverseProxy(name, spec).
 * const spec: ReverseSpec = { upstreams: [web], routes: { "/api": [api] }, tls: { names: ["shop.example"] } };
 */
export interface ReverseSpec {
  /** Servers for requests that match no route. */
  readonly upstreams: readonly Upstream[];
  /** Servers by path prefix: `{ "/api": [api] }`. The longest matching prefix applies. Mode `http` only. Default: none. */
  readonly routes?: Readonly<Record<string, readonly Upstream[]>>;
  /** `http` parses requests (layer 7), `tcp` forwards bytes (layer 4). Default: `http`. */
  readonly mode?: "http" | "tcp";
  /** TCP port on which it listens. Default: 80. */
  readonly port?: number;
  /** Terminates TLS with a new self-signed certificate for these names. Default: no TLS; `port` 443. */
  readonly tls?: { readonly names: readonly string[]; readonly port?: number };
  /** How the server of a request (in mode `tcp`: connection) is selected. Default: `roundrobin`. */
  readonly balance?: "roundrobin" | "leastconn" | "source";
  /** Health checks. Default: a TCP connection every 500 ms. `false`: all servers are always considered up. */
  readonly check?: HealthCheck | false;
  /** Headers to add. Default: `X-Forwarded-For`, `X-Forwarded-Proto`, `Via`. Mode `http` only. */
  readonly headers?: readonly AddedHeader[];
  /** Whether to replace the client's `X-Forwarded-For` or append to it. Default: `replace`, because clients can forge it. */
  readonly forwardedFor?: "replace" | "append";
  /** Sends the client's address to servers with PROXY protocol version 1, before the first byte. Default: false. */
  readonly sendProxy?: boolean;
  /** Requires PROXY protocol from clients, and uses the address in it. Default: false. */
  readonly acceptProxy?: boolean;
  /** Number of retries of a failed connection. The last one uses another server. Default: 3. */
  readonly retries?: number;
}
