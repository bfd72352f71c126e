import type { Page } from "playwright-core";

/** A request of the page that got no response. */
export interface FailedRequest {
  /** `GET`, `PUT`, … */
  readonly method: string;
  readonly url: string;
  /** Chromium's reason: `net::ERR_NETWORK_CHANGED`. */
  readonly reason: string;
}

/** What the page of a notebook reported while it was open. */
export interface PageEvents {
  /** Uncaught errors and unhandled rejections: `TypeError: Failed to fetch`. */
  readonly errors: readonly string[];
  readonly failed: readonly FailedRequest[];
  /** Responses with a status of 400 or more: `404 GET http://…`. */
  readonly refused: readonly string[];
}

/** The errors of a page. */
export interface PageErrors {
  /** Errors that a test must report, with the failed requests of the page. */
  readonly problems: readonly string[];
  /** Errors that have a known cause outside of this project, with that cause. */
  readonly explained: readonly string[];
}

/** How Chromium reports a `fetch` that got no response, whatever the reason was. */
const NO_RESPONSE = "TypeError: Failed to fetch";

/**
 * Chromium aborts all requests that are in flight, also those to 127.0.0.1, whenever an address of the machine appears
 * or disappears (`OnIPAddressChanged` in net/socket/client_socket_pool). Docker adds or removes addresses whenever a
 * lab opens, starts a container or closes. Measured with Chromium 156: of 450 requests of 20 ms, 79 failed while 20
 * veth pairs were added and removed.
 */
const ABORTED_BY_NETWORK_CHANGE = "net::ERR_NETWORK_CHANGED";

/**
 * Requests that JupyterLab sends in the background and repeats later: it lists sessions, kernels and files every few
 * seconds (packages/services), and saves the layout of its window whenever it changes
 * (`db.changed.connect(() => void save.invoke())` in packages/apputils-extension). It ignores the result, so a failed
 * request becomes an unhandled rejection. Messages of kernels arrive through a WebSocket, which Chromium does not abort.
 */
const BACKGROUND: readonly (readonly [method: string, path: RegExp])[] = [
  ["GET", /^\/api\/(?:contents|kernels|kernelspecs|lsp|me|sessions|terminals)\b/],
  ["PUT", /^\/lab\/api\/workspaces\//],
];

/**
 * Separates the errors of a page that Chromium's reaction to Docker explains from the others. Explains at most as many
 * errors as there are background requests of JupyterLab that failed for this reason.
 *
 * @param origin - the address of JupyterLab: `http://127.0.0.1:8888`.
 */
export function judgePage({ errors, failed, refused }: PageEvents, origin: string): PageErrors {
  const aborted = failed.filter(({ method, url, reason }) => {
    if (reason !== ABORTED_BY_NETWORK_CHANGE) return false;
    const { origin: host, pathname } = new URL(url);
    return host === origin && BACKGROUND.some(([verb, path]) => verb === method && path.test(pathname));
  });
  const problems: string[] = [];
  const explained: string[] = [];
  for (const error of errors) {
    const cause = error.split("\n", 1)[0] === NO_RESPONSE ? aborted.shift() : undefined;
    if (cause === undefined) problems.push(error);
    else explained.push(`${NO_RESPONSE}: ${requestText(cause)}`);
  }
  if (problems.length > 0) problems.push(...failed.map(requestText), ...refused);
  return { problems, explained };
}

const requestText = ({ method, url, reason }: FailedRequest): string => `${reason} ${method} ${url}`;

/** Records the events of a page. */
export class PageLog {
  /** URLs of requests to other machines. */
  readonly outside: string[] = [];
  readonly #errors: string[] = [];
  readonly #failed: FailedRequest[] = [];
  readonly #refused: string[] = [];

  constructor(page: Page) {
    page.on("pageerror", (error) => this.#errors.push(error.stack ?? String(error)));
    page.on("request", (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (/^(https?|wss?):$/.test(protocol) && hostname !== "127.0.0.1") this.outside.push(request.url());
    });
    page.on("requestfailed", (request) => {
      const reason = request.failure()?.errorText ?? "no reason";
      this.#failed.push({ method: request.method(), url: request.url(), reason });
    });
    page.on("response", (response) => {
      if (response.status() >= 400)
        this.#refused.push(`${response.status()} ${response.request().method()} ${response.url()}`);
    });
  }

  /** Returns what has happened so far. */
  events(): PageEvents {
    return { errors: [...this.#errors], failed: [...this.#failed], refused: [...this.#refused] };
  }
}
