import { checkPort, LabError, type Publish } from "../../../engine";

/**
 * Ports to publish: an object `{ HOST: CONTAINER }` such as `{ 8080: 80 }` or `{ 5353: "53/udp" }`, or a list of arguments
 * of `docker run -p`: `["127.0.0.1:8443:443", "8000-8002:80-82", "53/udp"]`. For host port 0 the engine chooses a port.
 */
export type PublishMap =
  | Readonly<Record<number, number | `${number}/${"tcp" | "udp" | "sctp"}`>>
  | readonly (Publish | string)[];

/**
 * Converts a {@link PublishMap} to a list.
 *
 * @throws LabError `BAD_PORT` if a port is not an integer from 1 to 65535; `PORT_IN_USE` if a host port occurs twice.
 */
export function publishList(map: PublishMap, where: string): readonly Publish[] {
  const list = isList(map)
    ? map.flatMap((each) => (typeof each === "string" ? publishOf(each, where) : [each]))
    : Object.entries(map).map(([host, container]) => entry(Number(host), container, where));
  const seen = new Set<string>();
  for (const { containerPort, hostPort, hostAddress = "127.0.0.1", protocol = "tcp" } of list) {
    checkPort(containerPort, where);
    if (hostPort === 0) continue;
    checkPort(hostPort, where);
    const key = `${hostAddress}:${hostPort}/${protocol}`;
    if (seen.has(key)) {
      throw new LabError("PORT_IN_USE", {
        where,
        found: `host port ${key} is published twice`,
        advice: "Publish each host port once.",
      });
    }
    seen.add(key);
  }
  return list;
}

function entry(hostPort: number, container: number | string, where: string): Publish {
  const [port = "", protocol = "tcp"] = String(container).split("/");
  if (protocol === "tcp" || protocol === "udp" || protocol === "sctp") {
    return { hostPort, containerPort: Number(port), protocol };
  }
  throw new LabError("BAD_PORT", {
    where,
    found: `${protocol} cannot be published`,
    advice: "Use tcp, udp or sctp, as in 53/udp.",
  });
}

/**
 * Reads one argument of `docker run -p`: `[ADDRESS:][HOST:]CONTAINER[/PROTOCOL]`, where both ports may be ranges of the
 * same length. docs.docker.com/reference/cli/docker/container/run: "--publish".
 *
 * @throws LabError `BAD_PORT`.
 */
export function publishOf(text: string, where: string): readonly Publish[] {
  const [, address, , host, container, protocol] = form.exec(text) ?? [];
  const to = container === undefined ? [] : rangeOf(container);
  const from = host === undefined || host === "" ? to.map(() => 0) : rangeOf(host);
  if (to.length === 0 || to.length !== from.length) {
    throw new LabError("BAD_PORT", {
      where,
      found: `${JSON.stringify(text)} is not a valid port mapping`,
      advice: 'Write it as for docker run -p: "8080:80", "127.0.0.1:8443:443", "8000-8002:80-82/udp", "80".',
    });
  }
  return to.map((containerPort, index) => ({
    ...entry(from[index] ?? 0, `${containerPort}/${protocol ?? "tcp"}`, where),
    ...(address === undefined ? {} : { hostAddress: address.replace(/^\[|\]$/g, "") }),
  }));
}

/** Formats a {@link Publish} as an argument of `docker run -p`. */
export function publishText({ containerPort, hostPort, hostAddress, protocol = "tcp" }: Publish): string {
  const address = hostAddress?.includes(":") ? `[${hostAddress}]` : hostAddress;
  const host = hostPort === 0 ? "" : String(hostPort);
  const front = address === undefined ? (host === "" ? "" : `${host}:`) : `${address}:${host}:`;
  return `${front}${containerPort}${protocol === "tcp" ? "" : `/${protocol}`}`;
}

const form =
  /^(?:(\[[0-9a-fA-F:.]+\]|\d+\.\d+\.\d+\.\d+):(?=[^:]*:))?((\d+(?:-\d+)?)?:)?(\d+(?:-\d+)?)(?:\/(\w+))?$/;

/** Returns the ports of a range such as `80-82`, or an empty list if the end is before the start. */
function rangeOf(text: string): readonly number[] {
  const [first = Number.NaN, last = first] = text.split("-").map(Number);
  return last - first < 65_536
    ? Array.from({ length: Math.max(0, last - first + 1) || 0 }, (_, n) => first + n)
    : [];
}

function isList(map: PublishMap): map is readonly (Publish | string)[] {
  return Array.isArray(map);
}
