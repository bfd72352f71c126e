import { hasPorts, protocolNumberOf } from "../conntrack/protocol";
import type { Packet } from "../model";
import type { Words } from "./address";
import type { Judge } from "./judge";

/** What the kernel asks the routing tables with (struct flowi4, flowi6). */
export interface Flow {
  readonly dst: Words;
  readonly src?: Words | undefined;
  readonly mark: number;
  /** Device that the packet came in by; `lo` for what a local process sends. */
  readonly iif: string;
  /** Device that the way out must use (the reverse-path check's second look). */
  readonly oif?: string;
  /** Default: 0. */
  readonly tos?: number;
  /** IP protocol. Default: 0, as where the kernel routes again: no rule by protocol or port matches. */
  readonly protocol?: number;
  /** Default: 0. */
  readonly sport?: number;
  readonly dport?: number;
  /** The sending user. Default: 0, which the kernel takes for packets that no local socket sent. */
  readonly uid?: number;
  /** Parts of it that whoever asks does not know. */
  readonly unknownFields?: readonly FlowField[];
}

export type FlowField = "tos" | "sport" | "dport" | "uid";

type Header = Pick<Flow, "tos" | "protocol" | "sport" | "dport" | "uid" | "unknownFields">;

/** What a packet that came in shows to policy rules (fib4_rules_early_flow_dissect). */
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

/** The same for the route back, which the kernel asks for with the ports exchanged (fib_validate_source). */
export function turned({ sport, dport, unknownFields, ...rest }: Header): Header {
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

/** What a packet that a local socket sends shows to policy rules. */
export function sentHeaderOf(packet: Packet, judge: Judge): Header {
  const { unknownFields = [], ...header } = headerOf(packet, judge);
  const icmp = packet.icmp !== undefined;
  const uid = judge.unknownFields.has("owner") ? undefined : packet.owner?.uid;
  // struct flowi keeps an ICMP type and code where ports are; which of them the sender's socket fills in varies.
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
