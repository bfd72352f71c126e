import { Lab } from "../../lib/lab/lab";
import type { Node } from "../../lib/lab/node/node";
import type { NodePod } from "../../lib/lab/pod/node-pod";
import type { Service } from "../../lib/lab/service/service";
import { closed } from "./cluster";

jest.setTimeout(60_000);

let lab: Lab;
let node1: Node;
let node2: Node;
let web: NodePod;
let service: Service;

beforeAll(async () => {
  lab = await Lab.open("diagnose-test");
  [node1, node2] = await Promise.all([lab.node("node1"), lab.node("node2")]);
  const server = { image: "web", labels: { app: "web" }, readiness: { tcp: 8080 } };
  [, , web] = await Promise.all([node1.pod("client"), node2.pod("other"), node2.pod("web0", server)]);
  service = await lab.service("web", { selector: { app: "web" }, port: 80, targetPort: 8080 });
});

afterAll(() => closed(lab));

test("a working service: every check passes", async () => {
  const diagnosis = await lab.diagnose(service);
  expect(diagnosis.checks.filter((check) => check.ok !== true)).toEqual([]);
  expect(diagnosis.healthy).toBe(true);
});

test("a misspelt service name: the diagnosis lists the services of the lab", async () => {
  expect((await lab.diagnose("wbe")).cause?.found).toBe("There is no service wbe; the lab has: web.");
});

const svcChain = "$(iptables-save -t nat | grep -o 'KUBE-SVC-[A-Z0-9]*' | head -1)";

/** What is broken, how to break it, what the diagnosis must report, and how to repair it. */
const breaks: readonly [string, () => PromiseLike<unknown>, RegExp, () => PromiseLike<unknown>][] = [
  [
    "the service's selector",
    () => service.update({ selector: { app: "wbe" } }),
    /No pod has app=wbe: .*web0 has app=web/,
    () => service.update({ selector: { app: "web" } }),
  ],
  [
    "the target port",
    () => service.update({ targetPort: 8081 }),
    /web0 listens on .*:8080\b.*, not on 8081/,
    () => service.update({ targetPort: 8080 }),
  ],
  [
    "a rule of kube-proxy",
    () => node1.script(`iptables -t nat -F ${svcChain}`),
    /node1 is missing -A KUBE-SVC-.*default\/web/,
    () => lab.cluster.controller.rewrite(node1),
  ],
  [
    "a jump into kube-proxy's rules",
    () => node1.script("iptables -t nat -D PREROUTING 1"),
    /node1 is missing -A PREROUTING .*-j KUBE-SERVICES/,
    () =>
      node1.script(
        `iptables -t nat -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES`,
      ),
  ],
  [
    "an added rule that drops",
    () => node1.script("iptables -I FORWARD -p tcp --dport 8080 -j DROP"),
    /node1: -A FORWARD -p tcp -m tcp --dport 8080 -j DROP \([1-9]\d* packets\)/,
    () => node1.script("iptables -D FORWARD -p tcp --dport 8080 -j DROP"),
  ],
  [
    "a route between the nodes",
    () => node1.sh`ip route del ${node2.podCidr}`,
    /node1 has no route to the pods of node2/,
    () => node1.sh`ip route add ${node2.podCidr} via ${node2.address}`,
  ],
  [
    "the pod's link",
    () => node2.sh`ip link set ${web.veth} nomaster`,
    /web0 does not reply to node2|web0 refuses connections from node2|web0 does not pass its readiness probe/,
    () => node2.sh`ip link set ${web.veth} master br-pods && bridge link set dev ${web.veth} hairpin on`,
  ],
  [
    "hairpin mode",
    () => node2.sh`bridge link set dev ${web.veth} hairpin off`,
    /web0 have hairpin off/,
    () => node2.sh`bridge link set dev ${web.veth} hairpin on`,
  ],
];

test.each(breaks)(
  "broken: %s; the diagnosis finds it, and passes after the repair",
  async (_, harm, cause, heal) => {
    await harm();
    const diagnosis = await lab.diagnose(service);
    await heal();
    expect(diagnosis.cause?.found).toMatch(cause);
    await web.untilReady();
    expect((await lab.diagnose(service)).checks.filter((check) => check.ok === false)).toEqual([]);
  },
);
