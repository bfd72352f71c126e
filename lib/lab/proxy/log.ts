import type { SocketEnd } from "../../chart/connections";

/** `log-format` of mode http: the four ends, server, status, how it ended, retries, milliseconds, request line. */
export const httpLogFormat = "%ci:%cp > %fi:%fp | %bi:%bp > %si:%sp | %s %ST %tsc %rc %Ta %{+Q}r";
/** `log-format` of mode tcp: the same without status and request line. */
export const tcpLogFormat = "%ci:%cp > %fi:%fp | %bi:%bp > %si:%sp | %s - %ts %rc %Tt -";

/** One request (in mode tcp: one connection) as the proxy logged it. */
export interface ProxiedRequest {
  /** The client, as the proxy saw or was told it. */
  readonly client: SocketEnd;
  /** Where the client connected to. */
  readonly asked: SocketEnd;
  /** The proxy's own end of the connection to the server. Absent: none was opened. */
  readonly source?: SocketEnd;
  /** The server; the name is absent where none was chosen. */
  readonly server?: string;
  /** Status that the client was given. Absent in mode tcp. */
  readonly status?: number;
  /** How it ended, HAProxy's `termination_state`. */
  readonly state: string;
  /** Times a connection to a server was tried again. */
  readonly retries: number;
  /** From the request to its last byte. */
  readonly milliseconds: number;
  /** `GET / HTTP/1.1`. Absent in mode tcp. */
  readonly request?: string;
  /** What `state` means, in words. */
  readonly why: string;
  /** True when the client did not get what it asked for: the proxy's own error, or an end before the end. */
  readonly lost: boolean;
}

const line =
  /^(\S+):(\d+) > (\S+):(\d+) \| (\S+):(\S+) > \S+ \| (\S+) (\S+) (\S+) \+?(\d+) \+?(-?\d+) (?:"(.*)"|-)$/;

/** Reads the log of a reverse proxy: every line that is a request. */
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
    ...(request === undefined ? {} : { request }),
    why: meaning(ended),
    lost: /^[SPRIKs]/.test(ended),
  };
}

// Configuration Manual 8.5, "Session state at disconnection": who ended it, and what was going on then.
const who: Readonly<Record<string, string>> = {
  C: "the client ended the connection",
  S: "the server refused or ended the connection",
  P: "the proxy itself ended it",
  L: "the proxy answered by itself",
  R: "the proxy had run out of something",
  I: "the proxy failed inside",
  D: "the server was marked down",
  U: "a server that is used before this one came back",
  K: "an administrator ended it",
  c: "the client took too long",
  s: "the server took too long",
};
const when: Readonly<Record<string, string>> = {
  R: "while the request was still coming",
  Q: "while it waited for a server that is free",
  C: "while the connection to the server was being opened",
  H: "after the request was sent, before the answer came",
  D: "while the answer was coming",
  L: "while the last bytes were on their way to the client",
};

function meaning(state: string): string {
  const [first = "-", second = "-"] = state;
  if (first === "-") return "it went well";
  if (state === "SC") return "no connection to the server could be opened: refused, or no server is up";
  return [who[first] ?? first, when[second] ?? ""].join(" ").trim();
}
