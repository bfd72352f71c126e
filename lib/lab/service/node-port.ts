import { LabError } from "../../engine";
import { NODE_PORTS } from "./spec";

/**
 * Returns the NodePort of a service.
 *
 * @param wanted - a port; `true`: the next free one; undefined: none.
 * @param taken - the NodePorts in use, with the names of their services.
 * @throws LabError `PORT_IN_USE` if the port, or every port, is in use.
 */
export function chooseNodePort(
  service: string,
  wanted: number | true | undefined,
  taken: ReadonlyMap<number | undefined, string>,
): number | undefined {
  if (wanted === true) {
    for (let port = NODE_PORTS.first; port <= NODE_PORTS.last; port++) if (!taken.has(port)) return port;
  }
  const port = wanted === true ? NODE_PORTS.first : wanted;
  if (port === undefined || !taken.has(port)) return port;
  throw new LabError("PORT_IN_USE", {
    where: service,
    found: `NodePort ${port} is in use by the service ${taken.get(port)}`,
    advice: "Choose another port, or use the next free one: { nodePort: true }.",
  });
}
