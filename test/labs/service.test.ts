import { Lab } from "../../lib/lab/lab";
import type { Node } from "../../lib/lab/node/node";
import type { NodePod } from "../../lib/lab/pod/node-pod";
import { JUMPS } from "../../lib/lab/service/rules/jump";
import { restoreInput } from "../../lib/lab/service/rules/restore";
import { proxyRules } from "../../lib/lab/service/rules/rules";
import { asSaved } from "../../lib/lab/service/rules/saved-rules";
import type { Service } from "../../lib/lab/service/service";
import { ask, closed, ends, until } from "./cluster";

jest.setTimeout(90_000);

let lab: Lab;
let nodes: readonly Node[];
let node1: Node;
let node2: Node;
let client: NodePod;
let service: Service;
let web: readonly NodePod[];

const server = { image: "web", labels: { app: "web" }, readiness: { tcp: 8080 } } as const;

beforeAll(async () => {
  lab = await Lab.open("service-test");
  [node1, node2] = await Promise.all([lab.node("node1"), lab.node("node2")]);
  nodes = [node1, node2];
  [client, ...web] = await Promise.all([
    node1.pod("client"),
    node1.pod("web0", server),
    node2.pod("web1", server),
    node2.pod("web2", server),
  ]);
  service = await lab.service("web", {
    selector: { app: "web" },
    port: 80,
    targetPort: 8080,
    nodePort: 30080,
  });
});

afterAll(() => closed(lab));

const url = (): string => `http://${service.clusterIP}/`;

test("the ClusterIP answers from every pod and node, and no link has it", async () => {
  for (const place of [client, node1, node2])
    expect(["web0", "web1", "web2"]).toContain((await ask(place, url())).pod);
  const snapshots = await Promise.all([...lab.places.values()].map((place) => place.snapshot()));
  const addresses = snapshots.flatMap(({ links }) =>
    links.flatMap((link) => link.addresses.map((one) => one.address)),
  );
  expect(addresses).toEqual(expect.arrayContaining([client.address, ...nodes.map((node) => node.address)]));
  expect(addresses).not.toContain(service.clusterIP);
});

test("the endpoint sees the client pod's own address, and every endpoint gets requests", async () => {
  const answers = await Promise.all(Array.from({ length: 30 }, () => ask(client, url())));
  expect(new Set(answers.map((answer) => answer.client))).toEqual(new Set([client.address]));
  expect(new Set(answers.map((answer) => answer.pod))).toEqual(new Set(["web0", "web1", "web2"]));
});

test("ping of the ClusterIP fails, but curl works", async () => {
  expect((await client.try`ping -c1 -W1 ${service.clusterIP}`).exitCode).toBe(1);
  expect((await ask(client, url())).pod).toMatch(/^web/);
});

test("hairpin: a pod can reach itself through its own service, with its node's bridge address as the source", async () => {
  const [pod] = web;
  const answers: { pod: string; client: string }[] = [];
  while (!answers.some((answer) => answer.pod === "web0") && answers.length < 200)
    answers.push(await ask(pod ?? client, url()));
  expect(answers.find((answer) => answer.pod === "web0")?.client).toBe(node1.gateway);
});

test("a NodePort answers on every node from outside, and on a node's own loopback", async () => {
  for (const node of nodes) {
    expect((await ask(lab.outside, `http://${node.address}:30080/`)).pod).toMatch(/^web/);
    expect((await ask(node, "http://127.0.0.1:30080/")).pod).toMatch(/^web/);
  }
});

test("the rules in the kernel are, chain by chain, those that kube-proxy would write", async () => {
  for (const node of nodes) {
    const saved = await node.sh`iptables-save`.text();
    const rules = proxyRules([service.portOn(node.name)], { clusterCidr: lab.cluster.podRange });
    for (const [table, chains] of [
      ["filter", rules.filter],
      ["nat", rules.nat],
    ] as const) {
      const text = saved.slice(saved.indexOf(`*${table}`));
      const block = text.slice(0, text.indexOf("\nCOMMIT"));
      const ours = [...block.matchAll(/^:(KUBE-\S+)/gm)].map((match) => match[1]);
      expect(ours.sort()).toEqual([...chains.keys()].sort());
      for (const [chain, body] of chains) {
        const lines = block.split("\n").filter((line) => line.startsWith(`-A ${chain} `));
        expect(lines).toEqual(body.map((rule) => `-A ${chain} ${asSaved(rule)}`));
      }
      for (const { rule, from } of JUMPS.filter((jump) => jump.table === table))
        expect(block).toContain(`-A ${from} ${rule}\n`);
    }
  }
});

test("iptables-restore --test accepts the rules of a large cluster", async () => {
  const many = Array.from({ length: 300 }, (_, i) => ({
    ...service.portOn("node1"),
    name: `svc${i}`,
    clusterIP: `10.96.${i >> 8}.${i & 255}`,
    nodePort: 30000 + i,
    affinitySeconds: 60,
    loadBalancerIPs: ["198.51.100.7"],
    loadBalancerSourceRanges: ["203.0.113.0/24"],
    externalTrafficPolicy: "Local" as const,
  }));
  const input = restoreInput(proxyRules(many, { clusterCidr: "10.244.0.0/16" }));
  const answer = await node1.sh`iptables-restore --noflush --test`.stdin(input);
  expect(answer.exitCode).toBe(0);
});

test("killing and scaling under load: no request that starts after the rules change is lost", async () => {
  const first = service.changes.length;
  const mortal = await node1.pod("web3", { ...server, restart: "no" });
  const traffic = client
    .script(load(service.clusterIP, 4, 250))
    .timeout(80_000)
    .quiet();
  await mortal.app().kill();
  await web[1]?.app().kill();
  const extra = await node2.pod("web4", server);
  await web[1]?.untilReady();
  await extra.remove();
  await mortal.remove();
  await client.sh`touch /tmp/enough`;
  const requests = (await traffic).stdout
    .trim()
    .split("\n")
    .map((line) => line.split(" "))
    .map(([began, code]) => ({ began: Number(began) * 1000, code: Number(code) }));
  expect(requests.length).toBeGreaterThanOrEqual(1000);
  const changes = service.changes.slice(first);
  const ending = changes.filter(({ causes }) =>
    causes.some((cause) => /ended|removed|not ready/.test(cause)),
  );
  expect(ending.length).toBeGreaterThanOrEqual(3);
  const lost = requests.filter(({ code }) => code !== 0);
  // A request may be lost only between the end of its endpoint and the new rules. A request in flight when the endpoint
  // ended started up to a second earlier.
  const excused = (began: number): boolean =>
    ending.some(({ at, appliedAt }) => began > at - 1_000 && began <= appliedAt);
  expect(lost.length).toBeLessThan(requests.length / 2);
  expect(lost.filter(({ began }) => !excused(began))).toEqual([]);
});

test("an open connection survives rule changes", async () => {
  const talk = client.script(talkSlowly(service.clusterIP, 4)).quiet().timeout(30_000);
  const extra = await node1.pod("web5", server);
  await extra.remove();
  const lines = (await talk).stdout.trim().split("\n");
  expect(lines).toHaveLength(4);
  expect(new Set(lines).size).toBe(1);
});

test("session affinity: one client stays with one endpoint", async () => {
  const sticky = await lab.service("sticky", {
    selector: { app: "web" },
    port: 80,
    targetPort: 8080,
    sessionAffinity: "ClientIP",
  });
  const pods = new Set<string>();
  for (let i = 0; i < 12; i++) pods.add((await ask(client, `http://${sticky.clusterIP}/`)).pod);
  expect(pods.size).toBe(1);
  await sticky.remove();
});

test("a service without endpoints refuses connections, and answers as soon as a pod has the label", async () => {
  const empty = await lab.service("empty", {
    selector: { app: "none" },
    port: 80,
    targetPort: 8080,
    allowEmpty: true,
  });
  const refused = await client.try`curl -sS -m 5 http://${empty.clusterIP}/`;
  expect(refused).toMatchObject({ exitCode: 7 });
  await web[0]?.label({ app: "none" });
  expect([ends(empty), ends(service)]).toEqual([["web0"], ["web1", "web2"]]);
  expect((await ask(client, `http://${empty.clusterIP}/`)).pod).toBe("web0");
  await web[0]?.label({ app: "web" });
  await empty.remove();
  expect(await node1.sh`iptables-save`.text()).not.toContain(empty.clusterIP);
});

test("UDP: packets of a client that keeps its port don't go to a removed pod", async () => {
  const echo = async (name: string): Promise<NodePod> => {
    const command = ["socat", "UDP-RECVFROM:5300,fork", `SYSTEM:read line; echo ${name}`];
    const pod = await node2.pod(name, { command, labels: { app: "echo" }, restart: "no" });
    await pod.sh`until ss -H -l -u -n sport = :5300 | grep -q .; do sleep 0.05; done`.timeout(10_000);
    return pod;
  };
  const first = await echo("echo1");
  const udp = await lab.service("echo", {
    selector: { app: "echo" },
    port: 53,
    targetPort: 5300,
    protocol: "udp",
  });
  // Sends one line from port 4444, and ends with the reply.
  const question = `bash -c 'coproc socat - UDP:${udp.clusterIP}:53,sourceport=4444
    echo >&"\${COPROC[1]}"; read -r -t 5 line <&"\${COPROC[0]}"; echo "$line"; kill "$COPROC_PID"; wait 2>/dev/null'`;
  expect(await client.script(question).nothrow().text()).toBe("echo1");
  const second = await echo("echo2");
  // The conntrack entry still exists, so the packets keep going to the same endpoint.
  expect(await client.script(question).nothrow().text()).toBe("echo1");
  await first.remove();
  expect(await client.script(question).nothrow().text()).toBe("echo2");
  await Promise.all([udp.remove(), second.remove()]);
});

test("when a node dies, its endpoints are removed from the service", async () => {
  const doomed = await lab.node("doomed");
  await doomed.pod("web9", server);
  expect(ends(service)).toContain("web9");
  await lab.engine.containers.kill(doomed.container);
  await until("the endpoint is gone", () => !ends(service).includes("web9"));
  await doomed.remove();
});

describe("invalid services throw a LabError", () => {
  const base = { selector: { app: "web" }, port: 80 };
  test.each([
    ["a port of 0", "BAD_PORT", { ...base, port: 0 }],
    ["a port of 70000", "BAD_PORT", { ...base, port: 70000 }],
    ["a target port of 70000", "BAD_PORT", { ...base, targetPort: 70000 }],
    ["a NodePort of 80", "BAD_PORT", { ...base, nodePort: 80 }],
    ["a NodePort that is taken", "PORT_IN_USE", { ...base, nodePort: 30080 }],
    ["a selector that matches nothing", "SELECTOR_EMPTY", { ...base, selector: { app: "wbe" } }],
    ["a selector without labels", "SELECTOR_EMPTY", { ...base, selector: {} }],
    ["a ClusterIP outside the service range", "BAD_ADDRESS", { ...base, clusterIP: "10.97.0.1" }],
  ])("%s: %s", async (_, code, spec) => {
    await expect(lab.service("bad", spec)).rejects.toMatchObject({ name: "LabError", code });
    expect(lab.cluster.services.has("bad")).toBe(false);
  });

  test("a name that is taken: NAME_TAKEN", async () => {
    await expect(lab.service("web", base)).rejects.toMatchObject({ code: "NAME_TAKEN" });
  });

  test("a ClusterIP that is taken: ADDRESS_TAKEN", async () => {
    const spec = { ...base, clusterIP: service.clusterIP };
    await expect(lab.service("twice", spec)).rejects.toMatchObject({ code: "ADDRESS_TAKEN" });
  });
});

/**
 * Runs `workers` concurrent loops. Each sends at least `least` requests, and goes on until /tmp/enough exists. Prints
 * one line per request: its start time in seconds, and 0 if it was answered. Uses only bash, because starting a process
 * per request would limit the load.
 */
function load(address: string, workers: number, least: number): string {
  const once = `began=$EPOCHREALTIME; code=1; line=
      if { exec 3<>/dev/tcp/${address}/80; } 2>/dev/null; then
        printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3
        read -r -t 3 line <&3 && [[ $line == *" 200 "* ]] && code=0
        exec 3>&-
      fi
      echo "$began $code"; read -r -t 0.01 -u 9`;
  const loop = `i=0; while [ $((i++)) -lt ${least} ] || [ ! -e /tmp/enough ]; do ${once}; done`;
  return `exec bash -c 'trap "" PIPE; exec 9<> <(:); for ((w = 0; w < ${workers}; w++)); do (${loop}) & done; wait'`;
}

/** Sends a request every half second on one connection. Prints which pod replied. */
function talkSlowly(address: string, turns: number): string {
  return `exec bash -c '
    exec 3<>/dev/tcp/${address}/80
    for turn in {1..${turns}}; do
      printf "GET / HTTP/1.1\\r\\nHost: web\\r\\nX-Last: yes\\r\\n\\r\\n" >&3
      while IFS= read -r -t 5 line <&3; do
        case $line in "pod: "*) echo "$line" ;; "X-Last: yes"*) break ;; esac
      done
      sleep 0.5
    done'`;
}
