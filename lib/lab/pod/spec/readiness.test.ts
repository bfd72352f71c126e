import { checkReadiness, probeLine } from "./readiness";

test("a TCP probe only connects", () => {
  expect(probeLine("web", "10.244.1.2", { tcp: 8080 })).toBe("add web 10.244.1.2 8080 - 0.150\n");
});

test("an HTTP probe has a path and an optional interval", () => {
  const readiness = checkReadiness({ http: "/ready?full=1", port: 80, everyMs: 50 }, "web");
  expect(probeLine("web", "10.244.1.2", readiness)).toBe("add web 10.244.1.2 80 /ready?full=1 0.050\n");
});

test.each([
  [{ tcp: 0 }, "BAD_PORT"],
  [{ tcp: 70000 }, "BAD_PORT"],
  [{ http: "/", port: 1.5 }, "BAD_PORT"],
  [{ http: "ready", port: 80 }, "BAD_ADDRESS"],
  [{ http: "/a b", port: 80 }, "BAD_ADDRESS"],
  [{ http: "/a\ndel web", port: 80 }, "BAD_ADDRESS"],
])("%p throws %s", (readiness, code) => {
  expect(() => checkReadiness(readiness, "web")).toThrow(`${code}  web`);
});
