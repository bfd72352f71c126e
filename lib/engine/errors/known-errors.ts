import { LabError, type LabErrorCode } from "./lab-error";

interface KnownError {
  readonly code: LabErrorCode;
  /** The text that engines, iptables and the kernel really print; groups feed `found` and `advice`. */
  readonly text: RegExp;
  readonly found: (groups: readonly string[]) => string;
  readonly advice: (groups: readonly string[]) => string;
}

const knownErrors: readonly KnownError[] = [
  {
    code: "PORT_IN_USE",
    text: /(?:Bind for |listen (?:tcp|udp)[46]? |bind host port (?:for )?)\S*?:(\d+)[\s\S]*?(?:port is already allocated|address already in use)/,
    found: ([port]) => `port ${port} of the engine's machine is taken`,
    advice: ([port]) =>
      `Publish another port, or find who has this one: docker ps --filter publish=${port}, ss -lnp 'sport = :${port}'.`,
  },
  {
    code: "IMAGE_MISSING",
    text: /[Nn]o such image:? (\S+)|^(?:\(.*?\) )?(\S+): image not known/,
    found: ([a, b]) => `the engine has no image ${a || b}`,
    advice: () => "Build Wirebook's images with npm start, or look at what there is: docker images.",
  },
  {
    code: "IMAGE_MISSING",
    text: /invalid reference format(?:: (.*))?/,
    found: ([why]) => `this cannot name an image${why ? ` (${why})` : ""}`,
    advice: () => "Write it as docker images shows it, in small letters: base, web, debian:bookworm-slim.",
  },
  {
    code: "NAME_TAKEN",
    text: /(?:container name "\/?([^"]+)" is already in use|network with name (\S+) already exists|name "?([^"\s]+)"? is in use)/,
    found: ([a, b, c]) => `the name ${a || b || c} is taken`,
    advice: () => "Choose another name, or close the lab that has it: npx wirebook labs.",
  },
  {
    code: "BAD_NAME",
    text: /Invalid container name \((.*?)\), only/,
    found: ([name]) => `${JSON.stringify(name)} cannot name a container`,
    advice: () =>
      "Use at least two letters, digits, hyphens, dots or underscores, the first a letter or digit.",
  },
  {
    code: "SUBNET_TAKEN",
    text: /Pool overlaps with other one|subnet \S+ is already used|could not find an available, non-overlapping/,
    found: () => "the network's address range overlaps one that exists",
    advice: () =>
      "Choose another subnet, or leave it out and one is chosen: docker network ls shows the others.",
  },
  {
    code: "ADDRESS_TAKEN",
    text: /Address already in use|IP (?:address )?\S+ is already allocated|requested ip address \S+ is already/i,
    found: () => "the address that was asked for is taken",
    advice: () =>
      "Leave the address out and a free one is chosen, or look who has it: docker network inspect.",
  },
  {
    code: "CAPABILITY_REFUSED",
    text: /unable to apply caps: (.*?operation not permitted)|unknown capability: "?(\w+)/,
    found: ([a, b]) => (b ? `there is no capability ${b}` : `the engine may not give the capability (${a})`),
    advice: () =>
      "Ask only for the capabilities that the container needs, and for ones that this machine has.",
  },
  {
    code: "NOT_SUPPORTED",
    text: /error gathering device information while adding custom device "([^"]+)"/,
    found: ([device]) => `the engine's machine has no ${device}`,
    advice: ([device]) =>
      device === "/dev/net/tun"
        ? "Load the kernel's module for it: sudo modprobe tun."
        : "Leave the device out.",
  },
  {
    code: "DISK_FULL",
    text: /no space left on device|disk quota exceeded/i,
    found: () => "the engine's disk is full",
    advice: () =>
      "See what takes the space: docker system df. Remove what you do not need, then run the cell again.",
  },
  {
    code: "COMMAND_MISSING",
    text: /exec: "([^"]*)": (?:executable file not found|stat [^:]+: no such file|permission denied)|"([^"]+)": (?:executable file not found)/,
    found: ([a, b]) => `there is no command ${a || b || '""'} in the container`,
    advice: () =>
      "Check the spelling, or use an image that has it: the base image has ip, iptables, curl, tcpdump.",
  },
  {
    code: "COMMAND_MISSING",
    text: /No command specified/,
    found: () => "neither the image nor the call says what to run",
    advice: () =>
      'Name an image that has a command of its own, or give one: { command: ["sleep", "infinity"] }.',
  },
  {
    code: "NOT_RUNNING",
    text: /[Cc]ontainer (?:\S+ )?is not running|cannot exec in a \w+ (?:state|container)|unable to start container process: (?:read init-p|error (?:executing setns process|writing config to pipe))|unable to create new parent process: namespace path|cannot join network of a non running container: \S+|can only create exec sessions on running containers/,
    found: () => "the container does not run",
    advice: () => "Start it again, or run the cell that makes it once more.",
  },
  {
    code: "CONTAINER_GONE",
    text: /[Nn]o such (?:container|exec instance)|no container with name or ID|cannot join network namespace of a(?:n unknown)? container/,
    found: () => "the container is gone",
    advice: () => "It was removed, or its lab was closed. Run the cell that makes it once more.",
  },
  {
    code: "NETWORK_GONE",
    text: /network (\S+) not found|[Nn]o such network:? ?(\S*)/,
    found: ([a, b]) => `there is no network ${a || b}`,
    advice: () => "Make it first (docker network create), or check its name: docker network ls.",
  },
  {
    code: "NETWORK_IN_USE",
    text: /network \S+ is in use by task/,
    found: () => "the swarm still counts a container on this network",
    advice: () =>
      "When its engine has gone (docker node ls: Down), bring that back, or take it out of the swarm: docker node rm --force NODE. Then the network goes by itself.",
  },
  {
    code: "NETWORK_IN_USE",
    text: /has active endpoints/,
    found: () => "there are still containers on this network",
    advice: () => "Remove them first: docker network inspect NETWORK names them.",
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
    found: () => "this user may not talk to the engine",
    advice: () =>
      "Add yourself to its group and log in again: sudo usermod -aG docker $USER. Or use rootless Docker or Podman.",
  },
];

const connectionCodes = new Set(["ECONNREFUSED", "ECONNRESET", "ENOENT", "EPIPE", "ENOTFOUND", "ETIMEDOUT"]);
// The last: what answers in place of an engine that is gone is no HTTP but a runtime's error.
const connectionTexts =
  /socket hang up|ECONNREFUSED|ECONNRESET|EPIPE|server is shutting down|context canceled$|Parse Error: Expected HTTP/;

/**
 * The {@link LabError} for a failure that an engine, iptables or the kernel reported: recognised by its real
 * text, which is kept as the cause. A failure that nobody has met yet becomes `ENGINE_FAILED` with that text.
 *
 * @param what - what it happened to: the name of a place, a network or an image.
 * @param engine - the engine's name, for a lab that has several.
 */
export function translate(cause: unknown, what: string, engine?: string): LabError {
  if (cause instanceof LabError) return cause;
  // A lab's names begin with its owner, which is nobody's word for them.
  const where = what.replace(/^wirebook-[0-9a-f]{8}-/, "");
  const message = cause instanceof Error ? cause.message : String(cause);
  // dockerode puts words of its own before the engine's.
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
      found: `the container engine${engine === undefined ? "" : ` ${engine}`} does not answer any more (${brokenOff(text)})`,
      advice:
        "Start it again on its machine (sudo systemctl start docker), then run the cells from the lab's first one.",
      cause,
    });
  }
  return new LabError("ENGINE_FAILED", {
    where,
    found: text.trim().replace(/\s*\n\s*/g, " "),
    advice: "This is the engine's own text. The cause has the details; the engine's log may have more.",
    cause,
  });
}

// What answers in place of an engine that is gone tells nothing about it.
function brokenOff(text: string): string {
  return /^(?:Parse Error|aborted)/.test(text) ? "it broke off in the middle of an answer" : text.trim();
}

/** The system's short name of a failure (`ENOENT`), or the empty text. */
export function errno(cause: unknown): string {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "";
}
