/** How a forward proxy behaves: one that works for clients. */
export interface ForwardSpec {
  /** TCP port on which it listens. Default: 8888. */
  readonly port?: number;
  /** Names that it can resolve, and nobody else on the lab: `{ "shop.example": "172.30.0.2" }`, as /etc/hosts has them. */
  readonly names?: Readonly<Record<string, string>>;
  /** Addresses and ranges whose requests it takes. Default: everybody's. */
  readonly allow?: readonly string[];
  /** Ports to which `CONNECT` may lead. Default: 443 alone, so that it cannot be made a tunnel to anything. */
  readonly connectPorts?: readonly number[];
  /** Tells the server who asked, in a header of tinyproxy's own, `X-Tinyproxy`. Default: false. */
  readonly tellClient?: boolean;
}

/** What {@link Lab.proxy} starts. */
export interface ProxySpec {
  readonly forward: ForwardSpec;
}

/** A server behind a reverse proxy: a pod, a container, the outside, or anything else with a name and an address. */
export interface Upstream {
  readonly name: string;
  readonly address: string;
  /** TCP port of the server. Default: 80. */
  readonly port?: number;
}

/** A line that a reverse proxy adds to each request. */
export type AddedHeader = "X-Forwarded-For" | "X-Forwarded-Proto" | "Forwarded" | "Via";

/** How a reverse proxy finds out whether a server is well. */
export interface HealthCheck {
  /** Path that must answer with 2xx or 3xx. Default: none, a TCP connection that opens is enough. */
  readonly path?: string;
  /** Milliseconds between two checks. Default: 500. */
  readonly every?: number;
  /** Checks in a row that must fail before no more requests are sent there. Default: 3. */
  readonly fall?: number;
  /** Checks in a row that must pass before it is used again. Default: 2. */
  readonly rise?: number;
}

/** How a reverse proxy behaves: one that works for servers. */
export interface ReverseSpec {
  /** Servers among which requests are shared. With routes: for all paths that no route names. */
  readonly upstreams: readonly Upstream[];
  /** Servers by the beginning of the path: `{ "/api": [api] }`. The longest that fits is taken. Mode `http` only. */
  readonly routes?: Readonly<Record<string, readonly Upstream[]>>;
  /** `http` reads requests (layer 7), `tcp` passes bytes on (layer 4). Default: `http`. */
  readonly mode?: "http" | "tcp";
  /** TCP port on which it listens. Default: 80. */
  readonly port?: number;
  /** Ends TLS here: the names of the certificate that is made on the spot, and the port. Default: no TLS; port 443. */
  readonly tls?: { readonly names: readonly string[]; readonly port?: number };
  /** Who gets the next request (in mode `tcp`: connection). Default: `roundrobin`. */
  readonly balance?: "roundrobin" | "leastconn" | "source";
  /** Default: a TCP connection every 500 ms. `false`: servers are believed to be well for ever. */
  readonly check?: HealthCheck | false;
  /** Default: `X-Forwarded-For`, `X-Forwarded-Proto`, `Via`. Mode `http` only. */
  readonly headers?: readonly AddedHeader[];
  /** What it does with an `X-Forwarded-For` that the client wrote itself. Default: `replace`, because anybody can lie. */
  readonly forwardedFor?: "replace" | "append";
  /** Tells each server the client's address in a line before the first byte: PROXY protocol, version 1. Default: false. */
  readonly sendProxy?: boolean;
  /** Expects that line from whoever connects, and believes it. Default: false. */
  readonly acceptProxy?: boolean;
  /** How often a connection that could not be opened is tried again, at last on another server. Default: 3. */
  readonly retries?: number;
}
