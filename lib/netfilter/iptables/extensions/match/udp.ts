import { decimalPortRange } from "../../values/port";
import { match } from "../declare";
import { expressedPorts, matchesAll, portMatches, portOptions, SILENT } from "../shared/transport-ports";

/** Matches ports of UDP (xt_tcpudp.c). */
export const udp = match("udp", {
  protocols: [17],
  options: portOptions(decimalPortRange, SILENT),
  expressed: (options, before) =>
    matchesAll(options) ? undefined : new Map([...before, ...expressedPorts(options, before)]),
  lower: (options) => portMatches(options, "udp"),
});
