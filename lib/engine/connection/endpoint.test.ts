import { createHash } from "node:crypto";
import { endpointOf, findEndpoint, isPlain, type Surroundings } from "./endpoint";
import { sshArguments } from "./ssh";

const id = (name: string): string => createHash("sha256").update(name).digest("hex");
const contexts = "/home/me/.docker/contexts";
const meta = (host: string): string => JSON.stringify({ Endpoints: { docker: { Host: host } } });

const files: Readonly<Record<string, string>> = {
  "/var/run/docker.sock": "",
  [`${contexts}/meta/${id("far")}/meta.json`]: meta("ssh://me@far"),
  [`${contexts}/meta/${id("locked")}/meta.json`]: meta("tcp://locked:2376"),
  // A context whose engine asks for no certificate of the client has the authority's alone.
  [`${contexts}/tls/${id("locked")}/docker/ca.pem`]: "",
};

function around(env: Readonly<Record<string, string>> = {}): Surroundings {
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
])("an engine that is named %s, with %o, is at %o", (name, env, endpoint) => {
  expect(endpointOf(name, around(env))).toMatchObject(endpoint);
});

test.each(["tcp://10.0.0.5:2375", "tcp://two", "two:2375", "tcp://[fd00::5]:2375"])(
  "%s without TLS is refused",
  (name) => {
    expect(() => endpointOf(name, around())).toThrow(
      expect.objectContaining({ code: "NOT_ENCRYPTED", where: name }),
    );
  },
);

test("a context that does not exist is named", () => {
  expect(() => endpointOf("nowhere", around())).toThrow(
    expect.objectContaining({ code: "NO_ENGINE", where: "docker context nowhere" }),
  );
});

test("what DOCKER_HOST says is taken as the docker command takes it, and told as unencrypted", () => {
  const endpoint = findEndpoint(around({ DOCKER_HOST: "tcp://10.0.0.5:2375" }));
  expect([endpoint.url, isPlain(endpoint)]).toEqual(["tcp://10.0.0.5:2375", true]);
  expect(isPlain(findEndpoint(around({ DOCKER_HOST: "tcp://10.0.0.5:2376", ...tls })))).toBe(false);
  expect(isPlain(findEndpoint(around()))).toBe(false);
});

test("ssh asks nothing, and takes what stands for a host as nothing else", () => {
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
