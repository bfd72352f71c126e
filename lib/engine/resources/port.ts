import { LabError } from "../errors/lab-error";

/**
 * Returns `port` if it is a valid port.
 *
 * @throws LabError `BAD_PORT` if it is not a whole number from 1 to 65535.
 */
export function checkPort(port: number, where: string): number {
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new LabError("BAD_PORT", {
    where,
    found: `${port} is not a port`,
    advice: "A port is a whole number from 1 to 65535.",
  });
}
