import { display } from "../../display";
import { LabError } from "../../engine";

/**
 * The address and port of one end of a TCP connection.
 *
 * @example
 * import { Lab, type Peer } from "wirebook";
 * const lab = await Lab.open("peer-example");
 * const { client }: { client: Peer } = await lab.outside.get(`http://${lab.outside.address}/`);
 * console.log(client.address, client.port);
 * await lab.close();
 */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/**
 * A response of the `web` image, which reports what the server sees of the request. A notebook displays its text.
 *
 * Source: `images/web`, an nginx that serves only this page.
 *
 * @example
 * import { Lab, type Page, type Peer } from "wirebook";
 * const lab = await Lab.open("page-example");
 * const client = await lab.pod("client");
 * const page: Page = await client.get(`http://${lab.outside.address}/`);
 * const peer: Peer = page.client;
 * console.log(page.status, page.pod, peer.address, peer.port);
 * await lab.close();
 */
export class Page {
  /** HTTP status code. */
  readonly status: number;
  /** Body of the response. */
  readonly text: string;
  /** Duration of the request in milliseconds. */
  readonly milliseconds: number;

  constructor(status: number, text: string, milliseconds: number) {
    this.status = status;
    this.text = text;
    this.milliseconds = milliseconds;
  }

  /** The client as the server's socket sees it, after all address translation on the path. */
  get client(): Peer {
    return this.#peer("client");
  }

  /** The server's own address as its socket sees it, after all address translation on the path. */
  get server(): Peer {
    return this.#peer("server");
  }

  /** Name of the pod or container that answered. */
  get pod(): string {
    return this.#line("pod");
  }

  [display](): Readonly<Record<string, string>> {
    return { "text/plain": this.text.trimEnd() };
  }

  toString(): string {
    return this.text;
  }

  #peer(name: string): Peer {
    const value = this.#line(name);
    const colon = value.lastIndexOf(":");
    return { address: value.slice(0, colon), port: Number(value.slice(colon + 1)) };
  }

  #line(name: string): string {
    const line = this.text.split("\n").find((each) => each.startsWith(`${name}: `));
    if (line !== undefined) return line.slice(name.length + 2);
    throw new LabError("UNKNOWN_PLACE", {
      where: "page",
      found: `the response has no line "${name}:" (status ${this.status})`,
      advice: `Only servers of the image "web" report this line. The whole response is in page.text.`,
    });
  }
}

// curl writes this and the status code after the body.
const statusPrefix = "\n-wirebook-status ";

/** The curl command that fetches a page and prints its status code after it. */
export function fetchCommand(url: string, seconds: number): readonly string[] {
  return ["curl", "-sS", "-m", String(seconds), "-w", `${statusPrefix}%{http_code}`, withScheme(url)];
}

/** Parses the output of {@link fetchCommand}. */
export function readPage(stdout: string, milliseconds: number): Page {
  const end = stdout.lastIndexOf(statusPrefix);
  return new Page(Number(stdout.slice(end + statusPrefix.length)), stdout.slice(0, end), milliseconds);
}

function withScheme(url: string): string {
  return /^[a-z]+:\/\//.test(url) ? url : `http://${url}/`;
}
