import { LabError } from "../../engine";
import { type Cidr, chunksOf, overlaps, parseCidr } from "../cidr/cidr";

// Ranges for lab networks. They are neither Docker's first choices nor the usual pod and service ranges of a cluster.
const labRanges = ["172.30.0.0/16", "172.29.0.0/16", "10.213.0.0/16", "192.168.192.0/18"];

/**
 * Chooses the first /24 of the ranges for labs that does not overlap `taken`.
 *
 * @param taken - ranges of the existing networks and routes. Ignores entries that are not IPv4 ranges.
 * @throws LabError `CIDR_EXHAUSTED` if none is free.
 */
export function chooseSubnet(taken: readonly string[], where: string): Cidr {
  const ranges = taken.flatMap((text) => {
    const found = /^(\d+\.\d+\.\d+\.\d+)(?:\/(\d+))?$/.exec(text);
    // Ignore default routes: they overlap everything.
    if (!found || found[2] === "0") return [];
    return [parseCidr(`${found[1]}/${found[2] ?? 32}`, where)];
  });
  for (const labRange of labRanges) {
    for (const chunk of chunksOf(parseCidr(labRange, where), 24)) {
      if (!ranges.some((range) => overlaps(range, chunk))) return chunk;
    }
  }
  throw new LabError("CIDR_EXHAUSTED", {
    where,
    found: `no /24 of ${labRanges.join(", ")} is free: networks and routes of this machine use all of them`,
    advice:
      "Close labs that you no longer need (npx wirebook labs, npx wirebook clean), or open the lab with a { subnet }.",
  });
}
