import { display } from "../../../display";
import type { PodFacts, Reach, ServiceFacts } from "./service-facts";

/**
 * One check of a {@link Diagnosis} and its result.
 *
 * @example
 * import type { Rung } from "wirebook";
 * // lab.diagnose(name) returns these as `rungs`.
 * const failed = (rungs: readonly Rung[]): readonly string[] =>
 *   rungs.filter(({ ok }) => ok === false).map(({ question, found }) => `${question} ${found}`);
 */
export interface Rung {
  readonly question: string;
  /** Undefined if the check was not possible. */
  readonly ok: boolean | undefined;
  readonly found: string;
  /** What to do about it. Absent if `ok` is true or undefined and nothing can be done. */
  readonly advice?: string;
}

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
  readonly rungs: readonly Rung[];

  constructor(service: string, rungs: readonly Rung[]) {
    this.service = service;
    this.rungs = rungs;
  }

  /** True if no check failed. */
  get healthy(): boolean {
    return this.rungs.every((rung) => rung.ok !== false);
  }

  /** The first check that failed, apart from the one for the symptom; undefined if none failed. */
  get cause(): Rung | undefined {
    const broken = this.rungs.filter((rung) => rung.ok === false);
    return broken.find((rung) => rung.question !== ANSWERS) ?? broken[0];
  }

  toString(): string {
    const mark = (rung: Rung): string => (rung.ok === undefined ? "?" : rung.ok ? "✓" : "✕");
    const lines = this.rungs.map((rung) => `${mark(rung)} ${rung.question} ${rung.found}`);
    return [...lines, "", this.#verdict()].join("\n");
  }

  [display](): Readonly<Record<string, string>> {
    const mark = (rung: Rung): string => (rung.ok === undefined ? "?" : rung.ok ? "✓" : "**✕**");
    const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
    const rows = this.rungs.map((rung) => `| ${mark(rung)} | ${cell(rung.question)} | ${cell(rung.found)} |`);
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

function exists({ name, service, services }: ServiceFacts): Rung {
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

function answers({ attempts }: ServiceFacts): Rung {
  const failed = attempts.filter(({ result }) => result !== "answers");
  const ok = attempts.length === 0 ? undefined : failed.length === 0;
  const results = attempts.map(
    ({ from, result }) => `${reachText(result)} ${result === "refuses" ? "from" : "to"} ${from}`,
  );
  const found = attempts.length === 0 ? "There is no place to connect from." : `${counted(results)}.`;
  return { question: ANSWERS, ok, found };
}

function endpoints({ service, pods }: ServiceFacts): Rung {
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

function ready({ pods }: ServiceFacts): Rung {
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

function listens({ service, pods }: ServiceFacts): Rung {
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

function direct({ pods }: ServiceFacts): Rung {
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

function rules({ nodes }: ServiceFacts): Rung {
  const question = "Does every node have kube-proxy's rules?";
  const wrong = nodes.filter((node) => node.alive && node.missingRules.length + node.strangeRules.length > 0);
  if (wrong.length === 0) return { question, ok: true, found: `${names(nodes)} have them.` };
  const found = wrong.map(({ name, missingRules, strangeRules }) => {
    const parts = [
      ...missingRules.slice(0, 2).map((rule) => `is missing ${rule}`),
      ...strangeRules.slice(0, 2).map((rule) => `has an unexpected ${rule}`),
    ];
    const more = missingRules.length + strangeRules.length - parts.length;
    return `${name} ${parts.join(", and ")}${more > 0 ? `, and ${more} more` : ""}`;
  });
  return {
    question,
    ok: false,
    found: `${found.join("; ")}.`,
    advice: "Write all rules again: lab.cluster.controller.rewrite(node).",
  };
}

function stoppers({ nodes }: ServiceFacts): Rung {
  const question = "Does any other rule drop or reject packets?";
  const found = nodes.flatMap((node) => node.stoppers.map((rule) => `${node.name}: ${rule}`));
  if (found.length === 0) return { question, ok: true, found: "None." };
  return {
    question,
    ok: false,
    found: `${found.join("; ")}.`,
    advice: "Remove the rule: iptables -D CHAIN …",
  };
}

function forwarding({ nodes }: ServiceFacts): Rung {
  const question = "Do the nodes forward packets, and pass bridged packets to iptables?";
  const notForwarding = nodes.filter(
    (node) => node.alive && (node.forwards === false || node.bridgeFilters === false),
  );
  const dead = nodes.filter((node) => !node.alive);
  if (notForwarding.length + dead.length === 0) return { question, ok: true, found: `${names(nodes)} do.` };
  const found = [
    ...dead.map((node) => `${node.name} is not running`),
    ...notForwarding.map((node) =>
      node.forwards === false
        ? `${node.name} has ip_forward 0`
        : `${node.name} has bridge-nf-call-iptables 0`,
    ),
  ];
  return {
    question,
    // The pods of a dead node are gone too, so it doesn't affect the others.
    ok: notForwarding.length > 0 ? false : undefined,
    found: `${found.join(", ")}.`,
    advice: "Shell: sysctl -w net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1.",
  };
}

function routes({ nodes }: ServiceFacts): Rung {
  const question = "Does every node have routes to the pods of the others?";
  const lost = nodes.flatMap((node) =>
    node.missingRoutes.map((to) => `${node.name} has no route to the pods of ${to}`),
  );
  if (lost.length === 0) return { question, ok: true, found: "Every node." };
  return {
    question,
    ok: false,
    found: `${lost.join(", ")}.`,
    advice: "Shell: ip route add POD-CIDR via NODE.",
  };
}

function links({ nodes }: ServiceFacts): Rung {
  const question = "Are the pods connected to the bridges of their nodes?";
  const down = nodes.flatMap((node) =>
    node.linksDown.map((pod) => `${pod} is not connected to the bridge of ${node.name}`),
  );
  if (down.length === 0) return { question, ok: true, found: "All." };
  return {
    question,
    ok: false,
    found: `${down.join(", ")}.`,
    advice: "Shell: ip link set LINK master br-pods up.",
  };
}

function hairpin({ nodes }: ServiceFacts): Rung {
  const question = "Can a pod reach itself through the service?";
  const none = nodes.flatMap((node) => node.noHairpin);
  if (none.length === 0) return { question, ok: true, found: "Every bridge port has hairpin on." };
  return {
    question,
    ok: false,
    found: `The bridge ports of ${none.join(", ")} have hairpin off.`,
    advice: "Shell: bridge link set dev LINK hairpin on.",
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

function names(list: readonly { readonly name: string }[]): string {
  return list.map(({ name }) => name).join(", ");
}

function counted(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const joined = [...counts]
    .map(([text, count]) => (count === 1 ? text : `${text} (${count} times)`))
    .join(", ");
  return joined.charAt(0).toUpperCase() + joined.slice(1);
}
