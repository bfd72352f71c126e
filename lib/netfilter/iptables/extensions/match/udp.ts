import { decimalPortRange } from "../../values/port";
import { match } from "../declare";
import { asksNothing, expressedPorts, ports, SILENT, sides } from "../shared/transport-ports";

export const udp = match("udp", {
  protocols: [17],
  options: sides(decimalPortRange, SILENT),
  expressed: (options, before) =>
    asksNothing(options) ? undefined : new Map([...before, ...expressedPorts(options, before)]),
  lower: (options) => ports(options, "udp"),
});
