import { createHash } from "node:crypto";
import { endpointOf, findEndpoint, isPlain, type SystemAccess } from "./endpoint";
import { sshArguments } from "./ssh";

const id = (name: string): string => createHash("sha256").update(name).digest("hex");
const contexts = "/home/me/.docker/contexts";
const meta = (host: string): string => JSON.stringify({ Endpoints: { docker: { Host: host } } });

const files: Readonly<Record<string, string>> = {
  "/var/run/docker.sock": "",
  [`${contexts}/meta/${id("far")}/meta.json`]: meta("ssh://me@far"),
  [`${contexts}/meta/${id("locked")}/meta.json`]: meta("tcp://locked:2376"),
  // A context for an engine without client certificates contains only ca.pem.
  [`${contexts}/tls/${id("locked")}/docker/ca.pem`]: "",
};

function systemWith(env: Readonly<Record<string, string>> = {}): SystemAccess {
  return { env, home: "/home/me", exists: (path) => path in files, read: (path) => files[path] ?? "" };
}

const tls = { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/certs" };

test.each([
  ["unix:///run/my.sock", {}, { url: "unix:///run/my.sock" }],
  ["unix:///run/my.sock", tls, { url: "unix:///run/my.sock" }],
  ["ssh://me@two:2222", tls, { url: "ssh://me@two:2222" }],
  ["tcp://two:2376", tls, { url: "tcp://two:2376", certificates: "/certs" }],
  ["two:2376", tls, { url: "two:2376", certificates: "/certs" }],
  ["tcp://two:2376", { DOCKER_TLS_VERIFY: "1" }, { url: "tcp://two:2376", certificates: "/home/me/.docker" }],
  ["tcp://127.0.0.1:2375", {}, { url: "tcp://127.0.0.1:2375" }],
  ["tcp://[::1]:2375", {}, { url: "tcp://[::1]:2375" }],
  ["localhost:2375", {}, { url: "localhost:2375" }],
  ["http://10.0.0.5:2375", {}, { url: "http://10.0.0.5:2375" }],
  ["far", {}, { url: "ssh://me@far", from: "context far" }],
  ["locked", {}, { url: "tcp://locked:2376", certificates: `${contexts}/tls/${id("locked")}/docker` }],
  ["default", { DOCKER_HOST: "ssh://me@far" }, { url: "unix:///var/run/docker.sock" }],
])("the engine %s with the environment %o has the endpoint %o", (name, env, endpoint) => {
  expect(endpointOf(name, systemWith(env))).toMatchObject(endpoint);
});

test.each(["tcp://10.0.0.5:2375", "tcp://two", "two:2375", "tcp://[fd00::5]:2375"])(
  "throws NOT_ENCRYPTED for %s without TLS",
  (name) => {
    expect(() => endpointOf(name, systemWith())).toThrow(
      expect.objectContaining({ code: "NOT_ENCRYPTED", where: name }),
    );
  },
);

test("the error for a missing context contains its name", () => {
  expect(() => endpointOf("nowhere", systemWith())).toThrow(
    expect.objectContaining({ code: "NO_ENGINE", where: "docker context nowhere" }),
  );
});

test("like the docker command, accepts an unencrypted DOCKER_HOST, which isPlain() reports", () => {
  const endpoint = findEndpoint(systemWith({ DOCKER_HOST: "tcp://10.0.0.5:2375" }));
  expect([endpoint.url, isPlain(endpoint)]).toEqual(["tcp://10.0.0.5:2375", true]);
  expect(isPlain(findEndpoint(systemWith({ DOCKER_HOST: "tcp://10.0.0.5:2376", ...tls })))).toBe(false);
  expect(isPlain(findEndpoint(systemWith()))).toBe(false);
});

test("ssh never prompts, and never reads the host name as an option", () => {
  const argv = sshArguments({ host: "-oProxyCommand=x", user: "me", port: "2222" });
  expect(argv).toContain("BatchMode=yes");
  expect(argv.slice(0, 4)).toEqual(["-l", "me", "-p", "2222"]);
  expect(argv.slice(argv.indexOf("--"))).toEqual([
    "--",
    "-oProxyCommand=x",
    "docker",
    "system",
    "dial-stdio",
  ]);
});
