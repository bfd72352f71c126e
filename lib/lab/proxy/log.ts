import type { SocketEnd } from "../../chart/connections";
import { withoutUndefined } from "../../without-undefined";

/** `log-format` of mode http: the four socket addresses, server, status, termination state, retries, ms, request line. */
export const httpLogFormat = "%ci:%cp > %fi:%fp | %bi:%bp > %si:%sp | %s %ST %tsc %rc %Ta %{+Q}r";
/** `log-format` of mode tcp: without status and request line. */
export const tcpLogFormat = "%ci:%cp > %fi:%fp | %bi:%bp > %si:%sp | %s - %ts %rc %Tt -";

/**
 * A request (in mode tcp: a connection) in the log of a reverse proxy.
 *
 * @example
 * import { Lab, type ProxiedRequest } from "wirebook";
 * const lab = await Lab.open("proxied-request-example");
 * const web = await lab.pod("web", { image: "web" });
 * const proxy = await lab.reverseProxy("edge", { upstreams: [web] });
 * await proxy.until("web", "UP");
 * await lab.outside.get(proxy.url);
 * const [request]: readonly ProxiedRequest[] = await proxy.requests();
 * console.log(request?.server, request?.status, `${request?.milliseconds} ms`);
 * await lab.close();
 */
export interface ProxiedRequest {
  /** The client's address, from the socket or from PROXY protocol. */
  readonly client: SocketEnd;
  /** The address that the client connected to. */
  readonly asked: SocketEnd;
  /** The proxy's address on the connection to the server. Absent if none was opened. */
  readonly source?: SocketEnd;
  /** Name of the server. Absent if none was selected. */
  readonly server?: string;
  /** HTTP status of the response to the client. Absent in mode tcp. */
  readonly status?: number;
  /** HAProxy's `termination_state`. */
  readonly state: string;
  /** Number of retried connections to servers. */
  readonly retries: number;
  /** Time from the request to the last byte of the response. */
  readonly milliseconds: number;
  /** `GET / HTTP/1.1`. Absent in mode tcp. */
  readonly request?: string;
  /** The meaning of `state`. */
  readonly why: string;
  /** True if the client did not get a complete response from a server. */
  readonly lost: boolean;
}

const line =
  /^(\S+):(\d+) > (\S+):(\d+) \| (\S+):(\S+) > \S+ \| (\S+) (\S+) (\S+) \+?(\d+) \+?(-?\d+) (?:"(.*)"|-)$/;

/** Parses the requests in the log of a reverse proxy. Ignores other lines. */
export function readRequests(text: string): readonly ProxiedRequest[] {
  return text.split("\n").flatMap((each) => {
    const found = line.exec(each.trim());
    return found ? [readLine(found.slice(1))] : [];
  });
}

function readLine(fields: readonly (string | undefined)[]): ProxiedRequest {
  const [ca = "", cp, fa = "", fp, ba = "", bp = "", server = "", status, state = "", retries, ms, request] =
    fields;
  const code = Number(status);
  const ended = state.slice(0, 2);
  return {
    client: { address: ca, port: Number(cp) },
    asked: { address: fa, port: Number(fp) },
    ...(Number(bp) > 0 ? { source: { address: ba, port: Number(bp) } } : {}),
    ...(server.startsWith("<") || server === "-" ? {} : { server }),
    ...(Number.isInteger(code) ? { status: code } : {}),
    state,
    retries: Number(retries),
    milliseconds: Number(ms),
    ...withoutUndefined({ request }),
    why: meaning(ended),
    lost: /^[SPRIKs]/.test(ended),
  };
}

// HAProxy Configuration Manual 8.5, "Session state at disconnection": the first character is the cause, the second the
// phase of the session.
const causes: Readonly<Record<string, string>> = {
  C: "the client closed the connection",
  S: "the server refused or closed the connection",
  P: "the proxy aborted the session",
  L: "the proxy replied without a server",
  R: "the proxy had no resources left",
  I: "the proxy had an internal error",
  D: "the server was marked as down",
  U: "a primary server came back up",
  K: "an administrator closed the session",
  c: "the client timed out",
  s: "the server timed out",
};
const phases: Readonly<Record<string, string>> = {
  R: "while the request was being received",
  Q: "while the request waited for a free server",
  C: "while the connection to the server was being opened",
  H: "after the request was sent, before the response arrived",
  D: "while the response was being sent",
  L: "while the last bytes were being sent to the client",
};

function meaning(state: string): string {
  const [first = "-", second = "-"] = state;
  if (first === "-") return "it succeeded";
  if (state === "SC") return "the connection to the server failed: it was refused, or no server is up";
  return [causes[first] ?? first, phases[second] ?? ""].join(" ").trim();
}
