import type { ServicePort } from "../model";
import { endpointChain, serviceChains } from "./chain-name";
import { jumpInput, restoreInput } from "./restore";
import { proxyRules } from "./rules";

const service = (name: string, last: number, ...pods: readonly number[]): ServicePort => ({
  namespace: "default",
  name,
  protocol: "tcp",
  clusterIP: `10.96.0.${last}`,
  port: 80,
  endpoints: pods.map((pod) => ({ address: `10.244.1.${pod}`, port: 8080, local: true })),
});

test("the first input contains every chain", () => {
  const rules = proxyRules([service("web", 10, 2, 3)]);
  const input = restoreInput(rules);
  for (const table of ["filter", "nat"] as const)
    for (const [chain, body] of rules[table]) {
      expect(input).toContain(`:${chain} - [0:0]\n`);
      for (const rule of body) expect(input).toContain(`-A ${chain} ${rule}\n`);
    }
  expect(input.match(/^COMMIT$/gm)).toHaveLength(2);
});

test("a service that did not change keeps its chains and their counters", () => {
  const before = proxyRules([service("web", 10, 2, 3), service("db", 11, 4)]);
  const after = proxyRules([service("web", 10, 2), service("db", 11, 4)]);
  const input = restoreInput(after, before);
  expect(input).toContain(serviceChains(service("web", 10)).cluster);
  expect(input).not.toContain(`:${serviceChains(service("db", 11)).cluster}`);
  expect(input).toContain(`-j ${serviceChains(service("db", 11)).cluster}`);
});

test("the chain of a removed endpoint is flushed and deleted after the last jump to it", () => {
  const web = service("web", 10, 2, 3);
  const input = restoreInput(proxyRules([service("web", 10, 2)]), proxyRules([web]));
  const gone = endpointChain(web, { address: "10.244.1.3", port: 8080 });
  const lines = input.split("\n");
  expect(lines).toContain(`:${gone} - [0:0]`);
  expect(lines.indexOf(`-X ${gone}`)).toBeGreaterThan(
    lines.findLastIndex((line) => line.startsWith("-A KUBE-SVC-")),
  );
  expect(lines.filter((line) => line.includes(`-j ${gone}`))).toEqual([]);
});

test("when the last endpoint is removed, the filter table rejects before the nat table is updated", () => {
  const input = restoreInput(proxyRules([service("web", 10)]), proxyRules([service("web", 10, 2)]));
  expect(input.indexOf("-j REJECT")).toBeLessThan(input.indexOf("*nat"));
  expect(input).toContain(`-X ${serviceChains(service("web", 10)).cluster}`);
});

test("jumps are inserted in reverse order, because each is inserted at the start of its chain", () => {
  const forward = jumpInput()
    .split("\n")
    .filter((line) => line.startsWith("-I FORWARD"));
  expect(forward[0]).toContain("KUBE-EXTERNAL-SERVICES");
  expect(forward.at(-1)).toContain("KUBE-PROXY-FIREWALL");
});
