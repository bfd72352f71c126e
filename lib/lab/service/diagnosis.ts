import type { PodFacts, ServiceFacts } from "./service-facts";

/** One question of the ladder, and what was found. */
export interface Rung {
  readonly question: string;
  /** Undefined: it could not be told. */
  readonly ok: boolean | undefined;
  readonly found: string;
  /** What to do; there where it is not ok. */
  readonly advice?: string;
}

const display = Symbol.for("Jupyter.display");

/** What is wrong with a service: the ladder that was climbed, and the lowest rung that does not hold. */
export class Diagnosis {
  readonly service: string;
  readonly rungs: readonly Rung[];

  constructor(service: string, rungs: readonly Rung[]) {
    this.service = service;
    this.rungs = rungs;
  }

  /** True when the service answers and every rung holds. */
  get healthy(): boolean {
    return this.rungs.every((rung) => rung.ok !== false);
  }

  /** The cause: the first rung that does not hold, the symptom itself aside. */
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
 * Climbs the ladder of Kubernetes' page "Debug Services", from the service's name to the hairpin, and says on each rung
 * what was found. (kubernetes.io/docs/tasks/debug/debug-application/debug-service; name resolution is left out, since
 * labs have no cluster DNS.)
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
  const there = services.length === 0 ? "there is none at all" : `there are: ${services.join(", ")}`;
  return {
    question,
    ok: false,
    found: `There is no service ${name}; ${there}.`,
    advice: "Make it: lab.service(…).",
  };
}

function answers({ attempts }: ServiceFacts): Rung {
  const failed = attempts.filter(({ result }) => result !== "answers");
  const ok = attempts.length === 0 ? undefined : failed.length === 0;
  const sum = attempts.map(({ from, result }) => `to ${from} it ${result}`);
  const found = attempts.length === 0 ? "Nobody is there to ask." : `${counted(sum)}.`;
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
  if (selected.length === 0) return { question, ok: undefined, found: "There is no pod to look at." };
  if (down.length === 0) return { question, ok: true, found: `All ${selected.length}.` };
  const why = down.map(
    (pod) => `${pod.name} ${pod.running ? "does not pass its readiness probe" : "has an app that ended"}`,
  );
  return {
    question,
    ok: down.length === selected.length ? false : undefined,
    found: `${why.join(", ")}: no rule leads there.`,
    advice: "See what the app says: pod.app().logs().",
  };
}

function listens({ service, pods }: ServiceFacts): Rung {
  const question = "Do the pods listen on the target port?";
  const port = service?.targetPort ?? 0;
  const asked = pods.filter((pod) => pod.selected && pod.listening !== undefined);
  if (asked.length === 0) return { question, ok: undefined, found: "No pod could be asked." };
  const deaf = asked.filter((pod) => !(pod.listening ?? []).some((at) => isOpen(at, port)));
  if (deaf.length === 0) return { question, ok: true, found: `All, on ${port}.` };
  const found = deaf.map((pod) => {
    const local = (pod.listening ?? []).some((at) => at.endsWith(`:${port}`));
    const there = (pod.listening ?? []).join(", ") || "nothing";
    return local
      ? `${pod.name} listens on ${port} only for itself (${there})`
      : `${pod.name} listens on ${there}, not on ${port}`;
  });
  return {
    question,
    ok: false,
    found: `${found.join("; ")}.`,
    advice: "Set the service's targetPort to what the app listens on, or let the app listen on 0.0.0.0.",
  };
}

function direct({ pods }: ServiceFacts): Rung {
  const question = "Do the pods answer by their own addresses?";
  const asked = pods.flatMap((pod) => (pod.selected && pod.direct ? [{ pod, attempt: pod.direct }] : []));
  if (asked.length === 0) return { question, ok: undefined, found: "No pod could be asked." };
  const silent = asked.filter(({ attempt }) => attempt.result !== "answers");
  if (silent.length === 0)
    return { question, ok: true, found: `All ${asked.length}, asked from their nodes.` };
  return {
    question,
    ok: false,
    found: `${silent.map(({ pod, attempt }) => `${pod.name} ${attempt.result} to ${attempt.from}`).join(", ")}.`,
    advice: "The service is not at fault: look at the pod itself, with curl from its node.",
  };
}

function rules({ nodes }: ServiceFacts): Rung {
  const question = "Are kube-proxy's rules in every node?";
  const wrong = nodes.filter((node) => node.alive && node.missingRules.length + node.strangeRules.length > 0);
  if (wrong.length === 0) return { question, ok: true, found: `In ${names(nodes)}.` };
  const found = wrong.map(({ name, missingRules, strangeRules }) => {
    const parts = [
      ...missingRules.slice(0, 2).map((rule) => `is missing ${rule}`),
      ...strangeRules.slice(0, 2).map((rule) => `has a strange ${rule}`),
    ];
    const more = missingRules.length + strangeRules.length - parts.length;
    return `${name} ${parts.join(", and ")}${more > 0 ? `, and ${more} more` : ""}`;
  });
  return {
    question,
    ok: false,
    found: `${found.join("; ")}.`,
    advice: "Have all rules written anew: lab.cluster.controller.rewrite(node).",
  };
}

function stoppers({ nodes }: ServiceFacts): Rung {
  const question = "Does any other rule stop the packets?";
  const found = nodes.flatMap((node) => node.stoppers.map((rule) => `${node.name}: ${rule}`));
  if (found.length === 0) return { question, ok: true, found: "None drops or rejects." };
  return {
    question,
    ok: false,
    found: `${found.join("; ")}.`,
    advice: "Remove the rule: iptables -D CHAIN …",
  };
}

function forwarding({ nodes }: ServiceFacts): Rung {
  const question = "Do the nodes forward packets, bridged ones through the rules as well?";
  const still = nodes.filter(
    (node) => node.alive && (node.forwards === false || node.bridgeFilters === false),
  );
  const dead = nodes.filter((node) => !node.alive);
  if (still.length + dead.length === 0) return { question, ok: true, found: `${names(nodes)} do.` };
  const found = [
    ...dead.map((node) => `${node.name} does not run`),
    ...still.map((node) =>
      node.forwards === false
        ? `${node.name} has ip_forward 0`
        : `${node.name} has bridge-nf-call-iptables 0`,
    ),
  ];
  return {
    question,
    // A node that died takes its pods along; the others do without it.
    ok: still.length > 0 ? false : undefined,
    found: `${found.join(", ")}.`,
    advice: "Shell: sysctl -w net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1.",
  };
}

function routes({ nodes }: ServiceFacts): Rung {
  const question = "Does every node know the way to the others' pods?";
  const lost = nodes.flatMap((node) =>
    node.missingRoutes.map((to) => `${node.name} has no route to the pods of ${to}`),
  );
  if (lost.length === 0) return { question, ok: true, found: "Every one." };
  return {
    question,
    ok: false,
    found: `${lost.join(", ")}.`,
    advice: "Shell: ip route add POD-CIDR via NODE.",
  };
}

function links({ nodes }: ServiceFacts): Rung {
  const question = "Are the pods plugged into their bridges?";
  const down = nodes.flatMap((node) => node.linksDown.map((pod) => `${pod} is cut off from ${node.name}`));
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
  if (none.length === 0) return { question, ok: true, found: "Every bridge port sends back." };
  return {
    question,
    ok: false,
    found: `The bridge ports of ${none.join(", ")} have hairpin off.`,
    advice: "Shell: bridge link set dev LINK hairpin on.",
  };
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
