import { LabError } from "../../engine";

const display = Symbol.for("Jupyter.display");

/** One end of a TCP connection. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/**
 * What a web server of ours answered: what it sees of the request. In a notebook it is shown as it came.
 *
 * Source: `images/web`, which is nginx with that page and nothing else.
 */
export class Page {
  readonly status: number;
  readonly text: string;
  readonly milliseconds: number;

  constructor(status: number, text: string, milliseconds: number) {
    this.status = status;
    this.text = text;
    this.milliseconds = milliseconds;
  }

  /** Who asked, as the server's own socket has it: after every translation on the way. */
  get client(): Peer {
    return this.#peer("client");
  }

  /** The address that was asked, as the server's own socket has it. */
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
      found: `the answer has no line "${name}:" (status ${this.status})`,
      advice: "Only the servers of the web image say what they see; .text has what this one said.",
    });
  }
}

// curl writes this after the body, so that one run gives both.
const mark = "\n-wirebook-status ";

/** The command that fetches a page, as one would type it but for the status it adds. */
export function fetchCommand(url: string, seconds: number): readonly string[] {
  return ["curl", "-sS", "-m", String(seconds), "-w", `${mark}%{http_code}`, withScheme(url)];
}

/** The page in what {@link fetchCommand} printed. */
export function readPage(stdout: string, milliseconds: number): Page {
  const at = stdout.lastIndexOf(mark);
  return new Page(Number(stdout.slice(at + mark.length)), stdout.slice(0, at), milliseconds);
}

function withScheme(url: string): string {
  return /^[a-z]+:\/\//.test(url) ? url : `http://${url}/`;
}
