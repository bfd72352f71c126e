import { display } from "../../../display";
import { type DiagnosisCheck, names } from "./check";
import { forwarding, hairpin, links, routes, rules, stoppers } from "./node-checks";
import type { PodFacts, Reach, ServiceFacts } from "./service-facts";

/**
 * The result of the checks of a service. As a cell's value it is shown as a table.
 *
 * @example
 * import { Lab } from "wirebook";
 * const lab = await Lab.open("diagnosis-example");
 * await lab.node("node1");
 * await lab.service("web", { selector: { app: "web" }, port: 80, allowEmpty: true });
 * const diagnosis = await lab.diagnose("web");
 * console.log(diagnosis.cause?.found);
 * await lab.close();
 */
export class Diagnosis {
  readonly service: string;
  readonly checks: readonly DiagnosisCheck[];

  constructor(service: string, checks: readonly DiagnosisCheck[]) {
    this.service = service;
    this.checks = checks;
  }

  /** True if no check failed. */
  get healthy(): boolean {
    return this.checks.every((check) => check.ok !== false);
  }

  /** The first check that failed, apart from the one for the symptom; undefined if none failed. */
  get cause(): DiagnosisCheck | undefined {
    const broken = this.checks.filter((check) => check.ok === false);
    return broken.find((check) => check.question !== ANSWERS) ?? broken[0];
  }

  toString(): string {
    const mark = (check: DiagnosisCheck): string => (check.ok === undefined ? "?" : check.ok ? "✓" : "✕");
    const lines = this.checks.map((check) => `${mark(check)} ${check.question} ${check.found}`);
    return [...lines, "", this.#verdict()].join("\n");
  }

  [display](): Readonly<Record<string, string>> {
    const mark = (check: DiagnosisCheck): string => (check.ok === undefined ? "?" : check.ok ? "✓" : "**✕**");
    const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
    const rows = this.checks.map(
      (check) => `| ${mark(check)} | ${cell(check.question)} | ${cell(check.found)} |`,
    );
    const table = ["| | | |", "| --- | :-- | :-- |", ...rows].join("\n");
    return { "text/markdown": `${table}\n\n${this.#verdict()}`, "text/plain": this.toString() };
  }

  #verdict(): string {
    const { cause } = this;
    if (cause === undefined) return `Nothing is wrong with ${this.service}.`;
    return `What is wrong: ${cause.found}${cause.advice === undefined ? "" : ` ${cause.advice}`}`;
  }
}

const ANSWERS = "Does the service answer by its Cluster IP?";

/**
 * Evaluates the checks of Kubernetes' page "Debug Services"
 * (kubernetes.io/docs/tasks/debug/debug-application/debug-service), from the service's name to hairpin mode. Skips name
 * resolution, because labs have no cluster DNS.
 */
export function diagnose(facts: ServiceFacts): Diagnosis {
  if (!facts.service) return new Diagnosis(facts.name, [exists(facts)]);
  return new Diagnosis(facts.name, [
    exists(facts),
    answers(facts),
    endpoints(facts),
    ready(facts),
    listens(facts),
    direct(facts),
    rules(facts),
    stoppers(facts),
    forwarding(facts),
    routes(facts),
    links(facts),
    hairpin(facts),
  ]);
}

function exists({ name, service, services }: ServiceFacts): DiagnosisCheck {
  const question = "Does the service exist?";
  if (service) {
    const { clusterIP, port, targetPort, protocol, selector } = service;
    const found = `${clusterIP}, port ${port}/${protocol} to ${targetPort} of the pods with ${selector}.`;
    return { question, ok: true, found };
  }
  const others = services.length === 0 ? "the lab has none" : `the lab has: ${services.join(", ")}`;
  return {
    question,
    ok: false,
    found: `There is no service ${name}; ${others}.`,
    advice: "Create it: lab.service(…).",
  };
}

function answers({ attempts }: ServiceFacts): DiagnosisCheck {
  const failed = attempts.filter(({ result }) => result !== "answers");
  const ok = attempts.length === 0 ? undefined : failed.length === 0;
  const results = attempts.map(
    ({ from, result }) => `${reachText(result)} ${result === "refuses" ? "from" : "to"} ${from}`,
  );
  const found = attempts.length === 0 ? "There is no place to connect from." : `${counted(results)}.`;
  return { question: ANSWERS, ok, found };
}

function endpoints({ service, pods }: ServiceFacts): DiagnosisCheck {
  const question = "Does the selector match any pod?";
  const selected = pods.filter((pod) => pod.selected);
  if (selected.length > 0) return { question, ok: true, found: `${names(selected)}.` };
  const labels = pods.map((pod) => `${pod.name} has ${labelText(pod)}`).join(", ");
  return {
    question,
    ok: false,
    found: `No pod has ${service?.selector}${labels === "" ? "; there are no pods." : `: ${labels}.`}`,
    advice: "Correct the service's selector or the labels of the pods.",
  };
}

function ready({ pods }: ServiceFacts): DiagnosisCheck {
  const question = "Are the pods ready?";
  const selected = pods.filter((pod) => pod.selected);
  const down = selected.filter((pod) => !pod.ready);
  if (selected.length === 0) return { question, ok: undefined, found: "There are no pods to check." };
  if (down.length === 0) return { question, ok: true, found: `All ${selected.length}.` };
  const why = down.map(
    (pod) => `${pod.name} ${pod.running ? "does not pass its readiness probe" : "has an app that ended"}`,
  );
  return {
    question,
    ok: down.length === selected.length ? false : undefined,
    found: `${why.join(", ")}: no rule forwards to these pods.`,
    advice: "Read the app's output: pod.app().logs().",
  };
}

function listens({ service, pods }: ServiceFacts): DiagnosisCheck {
  const question = "Do the pods listen on the target port?";
  const port = service?.targetPort ?? 0;
  const asked = pods.filter((pod) => pod.selected && pod.listening !== undefined);
  if (asked.length === 0) return { question, ok: undefined, found: "No pod could be asked." };
  const notListening = asked.filter((pod) => !(pod.listening ?? []).some((at) => isOpen(at, port)));
  if (notListening.length === 0) return { question, ok: true, found: `All, on ${port}.` };
  const found = notListening.map((pod) => {
    const local = (pod.listening ?? []).some((at) => at.endsWith(`:${port}`));
    const addresses = (pod.listening ?? []).join(", ") || "nothing";
    return local
      ? `${pod.name} listens on ${port} only on a loopback address (${addresses})`
      : `${pod.name} listens on ${addresses}, not on ${port}`;
  });
  return {
    question,
    ok: false,
    found: `${found.join("; ")}.`,
    advice: "Set the service's targetPort to the port of the app, or make the app listen on 0.0.0.0.",
  };
}

function direct({ pods }: ServiceFacts): DiagnosisCheck {
  const question = "Do the pods reply on their own addresses?";
  const asked = pods.flatMap((pod) => (pod.selected && pod.direct ? [{ pod, attempt: pod.direct }] : []));
  if (asked.length === 0) return { question, ok: undefined, found: "No pod could be asked." };
  const silent = asked.filter(({ attempt }) => attempt.result !== "answers");
  if (silent.length === 0) return { question, ok: true, found: `All ${asked.length}, from their nodes.` };
  return {
    question,
    ok: false,
    found: `${silent.map(({ pod, attempt }) => `${pod.name} ${reachText(attempt.result)} ${attempt.result === "refuses" ? "from" : "to"} ${attempt.from}`).join(", ")}.`,
    advice: "The service is not the cause. Check the pod itself with curl from its node.",
  };
}

function reachText(result: Reach): string {
  return result === "is silent" ? "does not reply" : result === "answers" ? "replies" : "refuses connections";
}

function isOpen(at: string, port: number): boolean {
  return at.endsWith(`:${port}`) && !/^(127\.|\[?::1\]?:)/.test(at);
}

function labelText(pod: PodFacts): string {
  const labels = Object.entries(pod.labels).map(([key, value]) => `${key}=${value}`);
  return labels.join(",") || "no labels";
}

function counted(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const joined = [...counts]
    .map(([text, count]) => (count === 1 ? text : `${text} (${count} times)`))
    .join(", ");
  return joined.charAt(0).toUpperCase() + joined.slice(1);
}
