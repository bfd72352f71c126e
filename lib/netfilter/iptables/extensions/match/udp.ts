import { decimalPortRange } from "../../values/port";
import { match } from "../declare";
import { expressedPorts, matchesAll, portMatches, portOptions, SILENT } from "../shared/transport-ports";

/** Matches ports of UDP (xt_tcpudp.c). */
export const udp = match("udp", {
  protocols: [17],
  options: portOptions(decimalPortRange, SILENT),
  asNftExpressions: (options, before) =>
    matchesAll(options) ? undefined : new Map([...before, ...expressedPorts(options, before)]),
  toMatches: (options) => portMatches(options, "udp"),
});
