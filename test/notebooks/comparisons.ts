/** One comparison of a prediction with the observed value, as shown to the reader. */
interface Comparison {
  readonly question: string;
  readonly predicted: string;
  readonly observed: string;
  readonly right: boolean;
}

/** An address in the lab's network, which is chosen when the lab opens. Excludes docker0 addresses of a Docker host. */
const address = /^(?!172\.17\.)(?:10|172|192)(?:\.\d{1,3}){3}$/;

/**
 * The expected observations of each chapter, in order. Every prediction in a chapter is wrong on purpose: it is a
 * common mistake.
 */
const expected: Readonly<
  Record<string, readonly (readonly [question: string, observed: string | RegExp])[]>
> = {
  "01-linux-networking": [
    ["Which interfaces does a new namespace have?", "lo"],
    ["Has blue's end a carrier when red's is down?", "no"],
    ["Addresses learned before anybody spoke?", "0"],
    ["What becomes of tap0 when its program ends?", "it is gone"],
  ],
  "02-docker-networking": [
    ["How many new interfaces on the host for one container?", "1"],
    ["Which client does the outside see?", address],
    ["Which kinds of things does -p 8080:80 add on the host?", "link, rule, listener"],
    ["Which client does the container see?", address],
    ["Can the two containers talk?", "no"],
  ],
  "03-iptables": [
    ["Does INPUT see a packet that is forwarded?", "no"],
    ["Order of the tables in PREROUTING?", "raw, mangle, nat"],
    ["Does the page still come?", "yes"],
    ["Does the page come?", "no"],
    ["What becomes of a packet after RETURN?", "the next rule is asked"],
    ["How does a REJECT differ for the client?", "it gets an error at once"],
  ],
  "04-nat": [
    ["Which client does the outside see?", "10.0.2.1"],
    ["SNAT to an address that nobody has: does the page come?", "no"],
    ["Packets that the rule counts for one connection?", "1"],
    ["DNAT in POSTROUTING?", "it is refused"],
    ["Who answers?", "the router"],
  ],
  "05-docker-and-kubernetes": [
    ["Do the two containers have different addresses?", "no"],
    ["Who answers on host1 when 172.17.0.2 is asked?", "one itself"],
    ["Which client does two see?", address],
    ["How many translations from pod to pod?", "0"],
  ],
  "06-pod": [
    ["How many addresses do the two apps have?", "1"],
    ["What does helper get from 127.0.0.1:8080?", "the page of web"],
    ["The web server is killed. Does the pod keep its address?", "yes"],
    ["pause is killed. Does the address still answer a ping?", "no"],
  ],
  "07-pod-cidr": [
    ["How many pods fit on one node with a /24?", "253"],
    ["Does a third node get 10.244.1.128/25?", "no"],
    ["Which client does b see?", /^10\.244\.1\.\d+$/],
    ["node1 forgets the route. Does a still get the page?", "no"],
    ["A node has no address left. What helps?", "a node more"],
  ],
  "08-cluster-ip": [
    ["Which place has an interface with the Cluster IP?", "none"],
    ["Does the Cluster IP answer a ping?", "no"],
    ["nat rules that the second packet matches?", "0"],
    ["How long until the rules no longer lead to the dead pod?", "less than five seconds"],
    ["No endpoint is left. What does the client see?", "refused at once"],
  ],
  "09-proxy": [
    ["TCP sockets of the router for one connection through it?", "0"],
    ["TCP connections for one request through a proxy?", "2"],
    ["curl http://shop.example/ without the proxy?", "it fails"],
    ["Sockets of the proxy for one tunnel?", "2"],
    ["Status of CONNECT shop.example:22?", "403"],
  ],
  "10-reverse-proxy": [
    ["Which client does the web server see?", address],
    ["X-Forwarded-For at the web server?", address],
    ["Who answers /api/orders?", "api"],
    // At least one of 300, and fewer than half.
    ["Requests lost of 300?", /^(?:[1-9]|[1-9]\d|1[0-4]\d)$/],
    ["X-Forwarded-For behind a layer 4 proxy with PROXY protocol?", "the client's"],
    ["What does the web server get?", "plain HTTP"],
  ],
};

/** Returns the plain text of each result of an executed notebook, in order. */
export function textsOf(notebook: unknown): string[] {
  return list(notebook, "cells").flatMap((cell) =>
    list(cell, "outputs").flatMap((output) => {
      const data: unknown = Reflect.get(Object(output), "data");
      return data === undefined ? [] : [text(data, "text/plain")];
    }),
  );
}

/** Returns the questions for which a chapter's cells make a prediction, in order. */
function questionsIn(notebook: unknown): string[] {
  const code = list(notebook, "cells").filter((cell) => text(cell, "cell_type") === "code");
  return code.flatMap((cell) =>
    [...text(cell, "source").matchAll(/\bpredict\(\s*"((?:[^"\\]|\\.)*)"/g)].map(
      ([, question = ""]) => question,
    ),
  );
}

/**
 * Describes every error in the comparisons of a run: an observation that differs from the table, a missing comparison,
 * one that is not in the table, or a correct prediction.
 *
 * @param chapter - the file name: `02-docker-networking.ipynb`.
 * @param texts - see {@link textsOf}.
 */
export function wrongComparisons(chapter: string, texts: readonly string[]): string[] {
  const wanted = expected[chapter.replace(/\.ipynb$/, "")];
  if (wanted === undefined) return [`${chapter} is not in the table of comparisons`];
  const shown = texts.flatMap((each) => comparisonIn(each) ?? []);
  const wrong = shown.flatMap((each, index): string[] => {
    const [question, observed] = wanted[index] ?? [];
    const at = `${chapter}: ${each.question}`;
    if (question !== each.question)
      return [`${at} is not in the table at this place: ${question ?? "its end"}`];
    const matches = typeof observed === "string" ? observed === each.observed : observed?.test(each.observed);
    if (matches !== true) return [`${at} observed ${each.observed}, not ${observed}`];
    return each.right ? [`${at} was predicted right: ${each.predicted}`] : [];
  });
  const missing = wanted.slice(shown.length).map(([question]) => `${chapter}: ${question} was not compared`);
  return [...wrong, ...missing];
}

/** Returns the questions that are only in the table, or only in the chapter's cells. */
export function unlistedQuestions(chapter: string, notebook: unknown): string[] {
  const asked = questionsIn(notebook);
  const listed = (expected[chapter.replace(/\.ipynb$/, "")] ?? []).map(([question]) => question);
  return [
    ...asked.filter((question, index) => listed[index] !== question),
    ...listed.filter((question, index) => asked[index] !== question),
  ].map((question) => `${chapter}: ${question}`);
}

/** Returns the lines in the pictures of a run that report the kernel's results: `kernel's trace: 9 of 9 agree`. */
export function witnessedIn(texts: readonly string[]): string[] {
  return texts.flatMap((each) => each.split("\n").filter((line) => line.startsWith("kernel's ")));
}

/** Returns whether such a line reports at least one comparison, and that all agreed. */
export function agrees(line: string): boolean {
  const counts = /: (\d+) of (\d+) agree$/.exec(line);
  return counts !== null && Number(counts[1]) > 0 && counts[1] === counts[2];
}

const shape = /^(.*)\n {2}predicted: (.*)\n {2}observed: {2}(.*)\n[✓✕] (As|Not as) predicted\./;

function comparisonIn(plain: string): Comparison | undefined {
  const [, question, predicted, observed, verdict] = shape.exec(plain) ?? [];
  if (question === undefined || predicted === undefined || observed === undefined) return undefined;
  return { question, predicted, observed, right: verdict === "As" };
}

/** Returns the list under `key` in a part of a notebook; empty if there is none. */
export function list(value: unknown, key: string): unknown[] {
  const found: unknown = Reflect.get(Object(value), key);
  return Array.isArray(found) ? found : [];
}

/** Returns the text under `key` in a part of a notebook. The file may store it as a list of lines. */
export function text(value: unknown, key: string): string {
  const found: unknown = Reflect.get(Object(value), key);
  return Array.isArray(found) ? found.join("") : String(found ?? "");
}
