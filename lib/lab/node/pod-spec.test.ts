import { type NodePodSpec, planPod, selects } from "./pod-spec";

test("a pod of which nothing is said has one app, and comes back when it ends", () => {
  expect(planPod("client")).toEqual({
    name: "client",
    labels: {},
    restart: "always",
    pod: { apps: { app: {} } },
  });
});

test("what is said of the pod itself is not said of its app", () => {
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
  [{ apps: { "Web Server": {} } }, "BAD_NAME", "an app's name with a blank"],
  [{ labels: { app: "my web" } }, "BAD_NAME", "a label with a blank"],
  [{ labels: { "": "web" } }, "BAD_NAME", "a label without a key"],
  [{ readiness: { tcp: 70000 } }, "BAD_PORT", "a port that there is not"],
])("%j is refused with %s: %s", (spec, code) => {
  expect(() => planPod("web", spec)).toThrow(`${code}  web: `);
});

test("a selector asks for all of its labels, and for no others", () => {
  expect(selects({ app: "web" }, { app: "web", tier: "front" })).toBe(true);
  expect(selects({ app: "web", tier: "back" }, { app: "web", tier: "front" })).toBe(false);
  expect(selects({ app: "web" }, {})).toBe(false);
});
