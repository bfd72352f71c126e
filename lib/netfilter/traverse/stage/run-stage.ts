import type { Evaluation } from "../state/evaluation";
import type { PacketContext } from "../state/packet-context";
import { endStage } from "./end";
import { chainStage } from "./hook/chain";
import { confirmStage, conntrackStage } from "./hook/conntrack";
import { hookStage } from "./hook/hook";
import { natChainStage, natDoneStage, natStage } from "./hook/nat";
import { rerouteStage } from "./hook/reroute";
import type { Next } from "./next";
import { arriveStage } from "./path/arrive";
import { bridgeOutStage, bridgeRouteStage, bridgeSentStage, bridgeStage } from "./path/bridge";
import { deliveredStage, deliverStage } from "./path/deliver";
import { forwardStage } from "./path/forward";
import { copyStage, leaveStage, transmitStage } from "./path/leave";
import { receiveStage } from "./path/receive";
import { routeStage } from "./path/route";
import { sendStage } from "./path/send";
import { replyStage } from "./reply";
import type { Stage } from "./stage";

/** Runs one stage. Stages do not call each other: each returns the next one as a value. */
export function runStage(stage: Stage, context: PacketContext, evaluation: Evaluation): Next {
  switch (stage.kind) {
    case "arrive":
      return arriveStage(stage, context, evaluation);
    case "bridge":
      return bridgeStage(stage, context, evaluation);
    case "bridge-route":
      return bridgeRouteStage(stage, context, evaluation);
    case "bridge-out":
      return bridgeOutStage(stage, context);
    case "bridge-sent":
      return bridgeSentStage(stage, context);
    case "receive":
      return receiveStage(stage, context);
    case "route":
      return routeStage(stage, context, evaluation);
    case "deliver":
      return deliverStage(context);
    case "delivered":
      return deliveredStage(context);
    case "forward":
      return forwardStage(stage, context, evaluation);
    case "send":
      return sendStage(stage, context, evaluation);
    case "leave":
      return leaveStage(stage, context, evaluation);
    case "copy":
      return copyStage(stage, context);
    case "transmit":
      return transmitStage(context, evaluation);
    case "hook":
      return hookStage(stage, context, evaluation);
    case "conntrack":
      return conntrackStage(stage, context, evaluation);
    case "nat":
      return natStage(stage, context, evaluation);
    case "nat-chain":
      return natChainStage(stage, context);
    case "nat-done":
      return natDoneStage(stage, context, evaluation);
    case "chain":
      return chainStage(stage, context, evaluation);
    case "reroute":
      return rerouteStage(stage, context, evaluation);
    case "confirm":
      return confirmStage(stage, context, evaluation);
    case "reply":
      return replyStage(stage, context, evaluation);
    case "end":
      return endStage(stage, context, evaluation);
  }
}
