import { type DiagnosisCheck, names } from "./check";
import type { ServiceFacts } from "./service-facts";

export function rules({ nodes }: ServiceFacts): DiagnosisCheck {
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

export function stoppers({ nodes }: ServiceFacts): DiagnosisCheck {
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

export function forwarding({ nodes }: ServiceFacts): DiagnosisCheck {
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

export function routes({ nodes }: ServiceFacts): DiagnosisCheck {
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

export function links({ nodes }: ServiceFacts): DiagnosisCheck {
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

export function hairpin({ nodes }: ServiceFacts): DiagnosisCheck {
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
