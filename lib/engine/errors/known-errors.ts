import { LabError, type LabErrorCode } from "./lab-error";

interface KnownError {
  readonly code: LabErrorCode;
  /** Matches the text that an engine, iptables or the kernel prints. Its groups are passed to `found` and `advice`. */
  readonly text: RegExp;
  readonly found: (groups: readonly string[]) => string;
  readonly advice: (groups: readonly string[]) => string;
}

// The first entry whose text matches is used, so a specific text comes before a general one. For a new
// entry, add a text that an engine really printed to known-errors.test.ts.
const knownErrors: readonly KnownError[] = [
  {
    code: "PORT_IN_USE",
    text: /(?:Bind for |listen (?:tcp|udp)[46]? |bind host port (?:for )?)\S*?:(\d+)[\s\S]*?(?:port is already allocated|address already in use)/,
    found: ([port]) => `port ${port} of the engine's machine is already in use`,
    advice: ([port]) =>
      `Publish another port, or find out what uses this one: docker ps --filter publish=${port}, ss -lnp 'sport = :${port}'.`,
  },
  {
    code: "IMAGE_MISSING",
    text: /[Nn]o such image:? (\S+)|^(?:\(.*?\) )?(\S+): image not known/,
    found: ([a, b]) => `the engine has no image ${a || b}`,
    advice: () => "Build the images of Wirebook with npm start, or list the available ones: docker images.",
  },
  {
    code: "IMAGE_MISSING",
    text: /invalid reference format(?:: (.*))?/,
    found: ([why]) => `this is not a valid image name${why ? ` (${why})` : ""}`,
    advice: () => "Use a lowercase name as docker images shows it: base, web, debian:bookworm-slim.",
  },
  {
    code: "NAME_TAKEN",
    text: /(?:container name "\/?([^"]+)" is already in use|network with name (\S+) already exists|name "?([^"\s]+)"? is in use)/,
    found: ([a, b, c]) => `the name ${a || b || c} is already in use`,
    advice: () => "Choose another name, or close the lab that uses it: npx wirebook labs.",
  },
  {
    code: "BAD_NAME",
    text: /Invalid container name \((.*?)\), only/,
    found: ([name]) => `${JSON.stringify(name)} is not a valid container name`,
    advice: () =>
      "Use at least two characters: letters, digits, hyphens, dots and underscores. The first must be a letter or digit.",
  },
  {
    code: "SUBNET_TAKEN",
    text: /Pool overlaps with other one|subnet \S+ is already used|could not find an available, non-overlapping/,
    found: () => "the subnet overlaps that of another network",
    advice: () =>
      "Choose another subnet, or leave it out to get a free one. docker network ls lists the networks.",
  },
  {
    code: "ADDRESS_TAKEN",
    text: /Address already in use|IP (?:address )?\S+ is already allocated|requested ip address \S+ is already/i,
    found: () => "the requested address is already in use",
    advice: () =>
      "Leave the address out to get a free one, or find out which container uses it: docker network inspect.",
  },
  {
    code: "CAPABILITY_REFUSED",
    text: /unable to apply caps: (.*?operation not permitted)|unknown capability: "?(\w+)/,
    found: ([a, b]) =>
      b ? `there is no capability ${b}` : `the engine is not allowed to grant the capability (${a})`,
    advice: () => "Request only capabilities that the container needs and that this machine supports.",
  },
  {
    code: "NOT_SUPPORTED",
    text: /error gathering device information while adding custom device "([^"]+)"/,
    found: ([device]) => `the engine's machine has no ${device}`,
    advice: ([device]) =>
      device === "/dev/net/tun" ? "Load its kernel module: sudo modprobe tun." : "Leave the device out.",
  },
  {
    code: "DISK_FULL",
    text: /no space left on device|disk quota exceeded/i,
    found: () => "the engine's disk is full",
    advice: () =>
      "Find out what uses the space: docker system df. Remove what you don't need, then run the cell again.",
  },
  {
    code: "COMMAND_MISSING",
    text: /exec: "([^"]*)": (?:executable file not found|stat [^:]+: no such file|permission denied)|"([^"]+)": (?:executable file not found)/,
    found: ([a, b]) => `the container has no command ${a || b || '""'}`,
    advice: () =>
      "Check the spelling, or use an image that has it. The base image has ip, iptables, curl and tcpdump.",
  },
  {
    code: "COMMAND_MISSING",
    text: /No command specified/,
    found: () => "neither the image nor the call specifies a command",
    advice: () => 'Use an image with a default command, or pass one: { command: ["sleep", "infinity"] }.',
  },
  {
    code: "NOT_RUNNING",
    text: /[Cc]ontainer (?:\S+ )?is not running|cannot exec in a \w+ (?:state|container)|unable to start container process: (?:read init-p|error (?:executing setns process|writing config to pipe))|unable to create new parent process: namespace path|cannot join network of a non running container: \S+|can only create exec sessions on running containers/,
    found: () => "the container is not running",
    advice: () => "Start it again, or run the cell that creates it again.",
  },
  {
    code: "CONTAINER_GONE",
    text: /[Nn]o such (?:container|exec instance)|no container with name or ID|cannot join network namespace of a(?:n unknown)? container/,
    found: () => "the container does not exist any more",
    advice: () => "It was removed, or its lab was closed. Run the cell that creates it again.",
  },
  {
    code: "NETWORK_GONE",
    text: /network (\S+) not found|[Nn]o such network:? ?(\S*)/,
    found: ([a, b]) => `there is no network ${a || b}`,
    advice: () => "Create it first (docker network create), or check its name: docker network ls.",
  },
  {
    code: "NETWORK_IN_USE",
    text: /network \S+ is in use by task/,
    found: () => "the swarm still lists a container on this network",
    advice: () =>
      "If docker node ls shows an engine as Down, start that engine again, or remove it from the swarm: docker node rm --force NODE. The network is then removed automatically.",
  },
  {
    code: "NETWORK_IN_USE",
    text: /has active endpoints/,
    found: () => "the network still has containers",
    advice: () => "Remove them first. docker network inspect NETWORK lists them.",
  },
  {
    code: "BAD_PORT",
    text: /[Ii]nvalid (?:port specification|hostPort|containerPort|proto)[^"]*"?([^"\s]*)/,
    found: ([a]) => `${a || "that"} is not a port`,
    advice: () => "A port is a whole number from 1 to 65535.",
  },
  {
    code: "NO_PERMISSION",
    text: /EACCES|permission denied while trying to connect/,
    found: () => "this user has no permission to access the engine",
    advice: () =>
      "Add yourself to the docker group and log in again: sudo usermod -aG docker $USER. Or use rootless Docker or Podman.",
  },
];

const connectionCodes = new Set(["ECONNREFUSED", "ECONNRESET", "ENOENT", "EPIPE", "ENOTFOUND", "ETIMEDOUT"]);
// "Parse Error": if `docker system dial-stdio` can't run any more, the stream contains the runtime's error instead of HTTP.
const connectionTexts =
  /socket hang up|ECONNREFUSED|ECONNRESET|EPIPE|server is shutting down|context canceled$|Parse Error: Expected HTTP/;

/**
 * Translates an error of an engine, iptables or the kernel to a {@link LabError}, which keeps it as the cause. The
 * error is recognised by its text. An unknown one becomes `ENGINE_FAILED` with that text.
 *
 * @param what - name of the place, network or image that failed.
 * @param engine - the engine's name, for labs with several engines.
 */
export function translate(cause: unknown, what: string, engine?: string): LabError {
  if (cause instanceof LabError) return cause;
  // Names of a lab's containers and networks start with the owner id, which readers don't know.
  const where = what.replace(/^wirebook-[0-9a-f]{8}-/, "");
  const message = cause instanceof Error ? cause.message : String(cause);
  // dockerode adds a prefix to the engine's text.
  const text = message.replace(/^\(HTTP code \d+\) [\w\s/]* - /, "");
  for (const { code, text: pattern, found, advice } of knownErrors) {
    const groups = pattern
      .exec(text)
      ?.slice(1)
      .map((group) => group ?? "");
    if (groups) return new LabError(code, { where, found: found(groups), advice: advice(groups), cause });
  }
  if (connectionCodes.has(errno(cause)) || connectionTexts.test(text)) {
    return new LabError("ENGINE_GONE", {
      where,
      found: `the container engine${engine === undefined ? "" : ` ${engine}`} does not respond any more (${disconnectReason(text)})`,
      advice:
        "Start it again on its machine (sudo systemctl start docker), then run the cells again from the one that opens the lab.",
      cause,
    });
  }
  return new LabError("ENGINE_FAILED", {
    where,
    found: text.trim().replace(/\s*\n\s*/g, " "),
    advice: "This is the engine's own message. See the error's cause and the engine's log for details.",
    cause,
  });
}

// The text of a parse error says nothing about the cause.
function disconnectReason(text: string): string {
  return /^(?:Parse Error|aborted)/.test(text)
    ? "the connection broke in the middle of a response"
    : text.trim();
}

/** Returns the error code of a system error (`ENOENT`), or the empty string. */
export function errno(cause: unknown): string {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "";
}
