import { checkPort, LabError, type Publish } from "../engine";

/**
 * Ports to publish, as `{ HOST: CONTAINER }`: `{ 8080: 80 }`, `{ 5353: "53/udp" }`. A host port of 0 lets the engine
 * choose. A list is given where addresses matter.
 */
export type PublishMap =
  | Readonly<Record<number, number | `${number}/${"tcp" | "udp" | "sctp"}`>>
  | readonly Publish[];

/**
 * The list behind a {@link PublishMap}.
 *
 * @throws LabError `BAD_PORT` for what is not a whole number from 1 to 65535.
 */
export function publishList(map: PublishMap, where: string): readonly Publish[] {
  const list = isList(map)
    ? map
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
    found: `${protocol} is not a protocol that can be published`,
    advice: "Use tcp, udp or sctp, as in 53/udp.",
  });
}

function isList(map: PublishMap): map is readonly Publish[] {
  return Array.isArray(map);
}
