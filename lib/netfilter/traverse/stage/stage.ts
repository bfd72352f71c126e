import type { Attached } from "../../conntrack/connection";
import type { Hook, Packet, Verdict } from "../../model";
import type { OutRoute } from "../../routing/output";
import type { LoadedChain } from "../chain/base-chain";
import type { Frame } from "../chain/frame";
import type { MatchedRule } from "../chain/search";
import type { HookPoint, Semantics } from "../semantics";
import type { KernelReply } from "../state/kernel-reply";
import type { KernelState } from "../state/kernel-state";
import type { StepList } from "../state/step-list";
import type { BridgedFrame, Entry, PortFor } from "./entry";

/** Where a rule that matched is, if its verdict applies only at the end of the base chain. */
export interface Deciding {
  readonly rule: MatchedRule;
  readonly chain: string;
}

/** One visit to the nat chains of a hook. */
export interface NatConsultation {
  readonly hook: Hook;
  readonly chains: readonly LoadedChain[];
  /** The header, steps and kernel state on entry. */
  readonly start: Packet;
  readonly steps: StepList | undefined;
  readonly state: KernelState;
  /**
   * Why the chains are consulted. `first`: the kernel does so for this packet. `assumed`: the connection is older than
   * this packet, and they tell how its first packet may have been translated. `again`: {@link Semantics} want it.
   */
  readonly why: "first" | "assumed" | "again";
  /** The packet's connection. In case of `again`, the packet has another one in the meantime. */
  readonly own: Attached;
  readonly onward: Stage;
}

/**
 * What happens to a packet next. A stage is a value: the loop (`follow.ts`) calls the function of its kind
 * (`run-stage.ts`), which returns the next stage. `onward` is the stage after the end of this one.
 */
export type Stage =
  /** The packet enters the host. */
  | { readonly kind: "arrive"; readonly from: Entry }
  /** A frame goes from one port of a bridge to another. */
  | { readonly kind: "bridge"; readonly from: string; readonly to: string | PortFor }
  /** The packet is received on a device; `looped`: over lo, so that it already has a route. */
  | {
      readonly kind: "receive";
      readonly device: string;
      readonly looped: boolean;
      readonly frame?: BridgedFrame;
    }
  /** After PREROUTING of a bridged frame: is it bridged or routed? */
  | { readonly kind: "bridge-route"; readonly frame: BridgedFrame }
  /** The routing decision of a received packet. */
  | { readonly kind: "route"; readonly device: string; readonly looped: boolean }
  /** INPUT, and the socket after it. */
  | { readonly kind: "deliver" | "delivered" }
  /** The TTL, then FORWARD. */
  | { readonly kind: "forward"; readonly device: string }
  /** A local process sends the packet; `known`: the kernel sends it, and has looked up its route. */
  | { readonly kind: "send"; readonly known?: OutRoute }
  /** POSTROUTING. */
  | { readonly kind: "leave"; readonly from: string | undefined; readonly copied?: true }
  /** After POSTROUTING: the packet leaves by its device, or is received again on lo. */
  | { readonly kind: "transmit" }
  /** The host receives a copy of a broadcast that it sent. */
  | { readonly kind: "copy"; readonly device: string }
  /** FORWARD and POSTROUTING of a bridged frame, then the port. */
  | { readonly kind: "bridge-out"; readonly frame: BridgedFrame; readonly port: string | undefined }
  | { readonly kind: "bridge-sent"; readonly frame: BridgedFrame; readonly port: string | undefined }
  /** The entry `at` of the hook number `nth` at this point of the path. `hidden`: the header that its rules do not see. */
  | {
      readonly kind: "hook";
      readonly point: HookPoint;
      readonly nth: number;
      readonly at: number;
      readonly hidden: Pick<Packet, "dst" | "dport"> | undefined;
      readonly onward: Stage;
    }
  | { readonly kind: "conntrack"; readonly hook: Hook; readonly onward: Stage }
  | { readonly kind: "confirm"; readonly onward: Stage }
  /** NAT: rewrites the packet. If the connection is not translated yet, it consults the nat chains first. */
  | {
      readonly kind: "nat";
      readonly hook: Hook;
      readonly chains: readonly LoadedChain[];
      readonly onward: Stage;
    }
  | { readonly kind: "nat-chain"; readonly consultation: NatConsultation; readonly at: number }
  | { readonly kind: "nat-done"; readonly consultation: NatConsultation }
  /** The next rule of a base chain, or of a chain that it called. */
  | {
      readonly kind: "chain";
      readonly base: LoadedChain;
      readonly frame: Frame;
      readonly deciding: Deciding | undefined;
      readonly onward: Stage;
    }
  /** Looks up a new route if mangle OUTPUT changed a field that routing depends on. */
  | { readonly kind: "reroute"; readonly before: Packet; readonly onward: Stage }
  /** The kernel sends a packet itself. It runs to its end, then `onward` follows for the original packet. */
  | { readonly kind: "reply"; readonly reply: KernelReply; readonly onward: Stage }
  /** The packet's path ends. */
  | {
      readonly kind: "end";
      readonly verdict: Verdict;
      readonly text: string;
      readonly left?: { readonly dev: string | undefined; readonly nexthop: string };
      readonly delivered?: true;
    };

/** A stage of one kind. */
export type StageOf<K extends Stage["kind"]> = Extract<Stage, { kind: K }>;
