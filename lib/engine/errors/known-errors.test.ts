import { translate } from "./known-errors";

// Real texts of Docker 20.10, 24, 28 and 29, Podman 4 and 5, and Node.js.
test.each([
  [
    "PORT_IN_USE",
    "(HTTP code 500) server error - driver failed programming external connectivity on endpoint web (4f…): Bind for 127.0.0.1:8080 failed: port is already allocated ",
  ],
  [
    "PORT_IN_USE",
    "failed to set up container networking: driver failed programming external connectivity on endpoint web (4f): Bind for 0.0.0.0:8080 failed: port is already allocated",
  ],
  [
    "PORT_IN_USE",
    "driver failed programming external connectivity on endpoint w (1a): Error starting userland proxy: listen tcp4 127.0.0.1:8080: bind: address already in use",
  ],
  ["PORT_IN_USE", "rootlessport listen tcp 127.0.0.1:8080: bind: address already in use"],
  ["IMAGE_MISSING", "(HTTP code 404) no such container - No such image: nope:1 "],
  [
    "NAME_TAKEN",
    '(HTTP code 409) conflict - Conflict. The container name "/web" is already in use by container "4f". You have to remove (or rename) that container to be able to reuse that name. ',
  ],
  ["NAME_TAKEN", "(HTTP code 409) conflict - network with name apart already exists "],
  [
    "BAD_NAME",
    "(HTTP code 400) bad parameter - Invalid container name (c), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed ",
  ],
  ["SUBNET_TAKEN", "(HTTP code 403) unexpected - Pool overlaps with other one on this address space "],
  ["SUBNET_TAKEN", "subnet 10.89.0.0/24 is already used on the host or by another config"],
  ["ADDRESS_TAKEN", "(HTTP code 403) unexpected - Address already in use "],
  ["CAPABILITY_REFUSED", 'invalid CapAdd: unknown capability: "CAP_FLYING"'],
  [
    "CAPABILITY_REFUSED",
    "OCI runtime create failed: container_linux.go:380: starting container process caused: unable to apply caps: operation not permitted: unknown",
  ],
  ["DISK_FULL", "Error response from daemon: mkdir /var/lib/docker/overlay2/4f: no space left on device"],
  [
    "COMMAND_MISSING",
    'OCI runtime create failed: runc create failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown',
  ],
  [
    "COMMAND_MISSING",
    'OCI runtime create failed: runc create failed: unable to start container process: exec: "": executable file not found in $PATH: unknown',
  ],
  ["COMMAND_MISSING", "(HTTP code 400) bad parameter - No command specified "],
  [
    "IMAGE_MISSING",
    "(HTTP code 400) bad parameter - invalid reference format: repository name must be lowercase ",
  ],
  ["NOT_RUNNING", "(HTTP code 409) conflict - Container 4f is not running "],
  ["NOT_RUNNING", "cannot exec in a deleted state: unknown"],
  ["NOT_RUNNING", "container is not running"],
  ["NOT_RUNNING", "OCI runtime exec failed: exec failed: cannot exec in a stopped container: unknown"],
  [
    "NOT_RUNNING",
    "OCI runtime exec failed: exec failed: unable to start container process: read init-p: connection reset by peer: unknown",
  ],
  [
    "NOT_RUNNING",
    "OCI runtime exec failed: exec failed: unable to create new parent process: namespace path: lstat /proc/28766/ns/ipc: no such file or directory: unknown",
  ],
  [
    "NOT_RUNNING",
    "OCI runtime exec failed: exec failed: unable to start container process: error writing config to pipe: write init-p: broken pipe: unknown",
  ],
  ["CONTAINER_GONE", "(HTTP code 404) no such container - No such container: 4f "],
  ["NETWORK_GONE", "(HTTP code 404) no such container - network apart not found "],
  [
    "NETWORK_IN_USE",
    "(HTTP code 412) unexpected - rpc error: code = FailedPrecondition desc = network p09hjakef8zm4ahgy470apwgf is in use by task ri76d3zu60gkwovh582zhwpa3 ",
  ],
  [
    "NETWORK_IN_USE",
    "(HTTP code 403) operation not permitted - error while removing network: network apart id 4f has active endpoints ",
  ],
  ["BAD_PORT", 'invalid port specification: "70000"'],
  ["NO_PERMISSION", "connect EACCES /var/run/docker.sock"],
  [
    "NOT_SUPPORTED",
    'error gathering device information while adding custom device "/dev/net/tun": no such file or directory',
  ],
  ["ENGINE_GONE", "socket hang up"],
  ["ENGINE_GONE", "Parse Error: Expected HTTP/, RTSP/ or ICE/"],
  ["ENGINE_FAILED", "an unknown error"],
])("%s is recognised in: %s", (code, text) => {
  const cause = new Error(text);
  expect(translate(cause, "web")).toMatchObject({ code, where: "web", cause });
});

test("the message for a port in use contains the port and what to do", () => {
  const { message } = translate(
    new Error("Bind for 127.0.0.1:8080 failed: port is already allocated"),
    "web",
  );
  expect(message).toBe(
    "PORT_IN_USE  web: port 8080 of the engine's machine is already in use\n" +
      "  Publish another port, or find out what uses this one: docker ps --filter publish=8080, ss -lnp 'sport = :8080'.",
  );
});

test("the message for an engine that stopped contains its name", () => {
  const { code, message } = translate(new Error("socket hang up"), "web", "ssh://me@two");
  expect([code, message]).toEqual([
    "ENGINE_GONE",
    expect.stringContaining("web: the container engine ssh://me@two does not respond"),
  ]);
});

test("a LabError is returned unchanged", () => {
  const error = translate(new Error("socket hang up"), "web");
  expect(translate(error, "other")).toBe(error);
});
