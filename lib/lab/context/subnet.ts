import { LabError } from "../../engine";
import { type Cidr, chunksOf, overlaps, parseCidr } from "../cidr/cidr";

// Where labs live: ranges that are neither Docker's first choice nor a cluster's default for pods and services.
const homes = ["172.30.0.0/16", "172.29.0.0/16", "10.213.0.0/16", "192.168.192.0/18"];

/**
 * The first /24 of the labs' ranges that overlaps nothing of `taken`.
 *
 * @param taken - ranges of the networks and routes that exist; what is no IPv4 range is passed over.
 * @throws LabError `CIDR_EXHAUSTED` when none is free.
 */
export function chooseSubnet(taken: readonly string[], where: string): Cidr {
  const ranges = taken.flatMap((text) => {
    const found = /^(\d+\.\d+\.\d+\.\d+)(?:\/(\d+))?$/.exec(text);
    // A default route covers everything and takes nothing.
    if (!found || found[2] === "0") return [];
    return [parseCidr(`${found[1]}/${found[2] ?? 32}`, where)];
  });
  for (const home of homes) {
    for (const chunk of chunksOf(parseCidr(home, where), 24)) {
      if (!ranges.some((range) => overlaps(range, chunk))) return chunk;
    }
  }
  throw new LabError("CIDR_EXHAUSTED", {
    where,
    found: `all of ${homes.join(", ")} is taken by networks and routes of this machine`,
    advice:
      "Close labs that are not needed (npx wirebook labs, npx wirebook clean), or give the lab a { subnet }.",
  });
}
