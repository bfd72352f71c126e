import { type NodePodSpec, planPod, selects } from "./node-pod-spec";

test("by default a pod has one app and the restart policy always", () => {
  expect(planPod("client")).toEqual({
    name: "client",
    labels: {},
    restart: "always",
    pod: { apps: { app: {} } },
  });
});

test("options of the pod are not passed to its app", () => {
  const plan = planPod("web", {
    image: "web",
    labels: { app: "web" },
    restart: "no",
    readiness: { tcp: 80 },
  });
  expect(plan.pod).toEqual({ apps: { app: { image: "web" } } });
  expect(plan).toMatchObject({ labels: { app: "web" }, restart: "no", readiness: { tcp: 80 } });
});

test.each<[NodePodSpec, string, string]>([
  [{ apps: {} }, "BAD_NAME", "no app at all"],
  [{ apps: { "Web Server": {} } }, "BAD_NAME", "an app name with a space"],
  [{ labels: { app: "my web" } }, "BAD_NAME", "a label with a space"],
  [{ labels: { "": "web" } }, "BAD_NAME", "a label without a key"],
  [{ readiness: { tcp: 70000 } }, "BAD_PORT", "a port out of range"],
])("%j throws %s: %s", (spec, code) => {
  expect(() => planPod("web", spec)).toThrow(`${code}  web: `);
});

test("a selector matches pods that have all of its labels, whatever other labels they have", () => {
  expect(selects({ app: "web" }, { app: "web", tier: "front" })).toBe(true);
  expect(selects({ app: "web", tier: "back" }, { app: "web", tier: "front" })).toBe(false);
  expect(selects({ app: "web" }, {})).toBe(false);
});
