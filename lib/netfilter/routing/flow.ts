import { hasPorts, protocolNumberOf } from "../conntrack/protocol";
import type { Packet } from "../model";
import type { Words } from "./address";
import type { Judge } from "./judge";

/** The key of a routing lookup (struct flowi4, flowi6). */
export interface Flow {
  readonly dst: Words;
  readonly src?: Words | undefined;
  readonly mark: number;
  /** The incoming device; `lo` for packets that a local process sends. */
  readonly iif: string;
  /** The device that the route must use, for example in the second lookup of the reverse-path check. */
  readonly oif?: string;
  /** Default: 0. */
  readonly tos?: number;
  /** IP protocol. Default: 0, as in ip_route_me_harder. Policy rules with a protocol or a port then do not match. */
  readonly protocol?: number;
  /** Default: 0. */
  readonly sport?: number;
  readonly dport?: number;
  /** The sending user. Default: 0, which the kernel uses for packets that no local socket sent. */
  readonly uid?: number;
  /** Fields whose value is unknown. */
  readonly unknownFields?: readonly FlowField[];
}

type FlowField = "tos" | "sport" | "dport" | "uid";

type Header = Pick<Flow, "tos" | "protocol" | "sport" | "dport" | "uid" | "unknownFields">;

/** Returns the fields of an incoming packet that policy rules compare (fib4_rules_early_flow_dissect). */
export function headerOf(packet: Packet, judge: Judge): Header {
  const protocol = protocolNumberOf(packet.protocol) ?? 0;
  const unknownFields: FlowField[] = judge.unknownFields.has("tos") ? ["tos"] : [];
  const ported = hasPorts(protocol) && (packet.fragment?.offset ?? 0) === 0;
  const { sport, dport, tos } = packet;
  if (ported && sport === undefined) unknownFields.push("sport");
  if (ported && dport === undefined) unknownFields.push("dport");
  return {
    tos,
    protocol,
    ...(ported && sport !== undefined ? { sport } : {}),
    ...(ported && dport !== undefined ? { dport } : {}),
    ...(unknownFields.length === 0 ? {} : { unknownFields }),
  };
}

/** Swaps the ports, as in the lookup of the reverse route (fib_validate_source). */
export function reversedHeader({ sport, dport, unknownFields, ...rest }: Header): Header {
  const other = { sport: "dport", dport: "sport" } as const;
  return {
    ...rest,
    ...(sport === undefined ? {} : { dport: sport }),
    ...(dport === undefined ? {} : { sport: dport }),
    ...(unknownFields === undefined
      ? {}
      : {
          unknownFields: unknownFields.map((field) =>
            field === "sport" || field === "dport" ? other[field] : field,
          ),
        }),
  };
}

/** Returns the fields of a packet from a local socket that policy rules compare. */
export function sentHeaderOf(packet: Packet, judge: Judge): Header {
  const { unknownFields = [], ...header } = headerOf(packet, judge);
  const icmp = packet.icmp !== undefined;
  const uid = judge.unknownFields.has("owner") ? undefined : packet.owner?.uid;
  // In struct flowi, the ICMP type and code share a union with the ports. Which of them is set depends on the socket.
  const open: readonly FlowField[] = [
    ...unknownFields,
    ...(icmp ? (["sport", "dport"] as const) : []),
    ...(uid === undefined ? (["uid"] as const) : []),
  ];
  return {
    ...header,
    ...(uid === undefined ? {} : { uid }),
    ...(open.length === 0 ? {} : { unknownFields: open }),
  };
}
