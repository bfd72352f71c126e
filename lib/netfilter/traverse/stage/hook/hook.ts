import { hasPorts } from "../../../conntrack/protocol";
import type { FlowTuple } from "../../../conntrack/tuple";
import { type Hook, type Packet, type TableName, unknownCondition } from "../../../model";
import type { HookEntry } from "../../chain/base-chain";
import { enter } from "../../chain/frame";
import { LINUX } from "../../semantics";
import type { Evaluation } from "../../state/evaluation";
import { type PacketContext, withHeader } from "../../state/packet-context";
import { end, type Next, next } from "../next";
import type { Stage, StageOf } from "../stage";

/** Runs the next entry of a hook. At its end, the next hook of this point of the path, or what follows after it. */
export function hookStage(stage: StageOf<"hook">, before: PacketContext, evaluation: Evaluation): Next {
  const { point, nth, at, onward } = stage;
  const { hooks, semantics } = before.input;
  const hook = semantics.hooks[point][nth];
  if (hook === undefined) return next(onward, before);
  const { hidden, context } =
    at === 0 ? enterHook(stage, hook, before) : { hidden: stage.hidden, context: before };
  const entry = hooks.entries[hook][at];
  if (entry === undefined) {
    const shown = hidden === undefined ? context : withHeader(context, withEnd(context, hidden));
    return next({ kind: "hook", point, nth: nth + 1, at: 0, hidden: undefined, onward }, shown);
  }
  const rest: Stage = { kind: "hook", point, nth, at: at + 1, hidden, onward };
  // At a point where Linux does not call this hook, only its filter chains run.
  if (entry.kind !== "chain" && !LINUX.hooks[point].includes(hook)) return next(rest, context);
  return run(entry, hook, context, rest, evaluation);
}

function run(
  entry: HookEntry,
  hook: Hook,
  context: PacketContext,
  rest: Stage,
  evaluation: Evaluation,
): Next {
  switch (entry.kind) {
    case "chain": {
      const { base } = entry;
      const { packet } = context.hookState;
      const onward: Stage = base.type === "route" ? { kind: "reroute", before: packet, onward: rest } : rest;
      return next(
        { kind: "chain", base, frame: enter(base.chain, undefined), deciding: undefined, onward },
        context,
      );
    }
    case "conntrack":
      return next({ kind: "conntrack", hook, onward: rest }, context);
    case "nat":
      return next({ kind: "nat", hook, chains: entry.chains, onward: rest }, context);
    case "confirm":
      return next({ kind: "confirm", onward: rest }, context);
    case "unprinted":
      return unprinted(entry.table, hook, context, rest, evaluation);
  }
}

/** A table that iptables could not print: either it does not change the packet, or the rest of the path is unknown. */
function unprinted(
  table: TableName,
  hook: Hook,
  context: PacketContext,
  rest: Stage,
  evaluation: Evaluation,
): Next {
  const { ct } = context.hookState;
  // The nat table is evaluated only for the first packet of a connection.
  if (table === "nat" && (ct === undefined || ct.state === "ESTABLISHED")) return next(rest, context);
  const name = `table ${table}, which iptables could not print,`;
  const passes = unknownCondition(
    `unprinted ${table} ${hook}`,
    `${name} does not change the packet at ${hook}`,
    `${name} changes or drops the packet at ${hook}`,
  );
  return evaluation.decide(passes) ? next(rest, context) : end(context, "unknown", passes.no);
}

type Destination = Pick<Packet, "dst" | "dport">;

/** The destination of a header, or of a tuple of a protocol with ports. */
const destinationOf = ({ dst, dport }: Packet | FlowTuple): Destination => ({
  dst,
  ...(dport === undefined ? {} : { dport }),
});

function withEnd({ hookState: { packet } }: PacketContext, { dst, dport }: Destination): Packet {
  return { ...packet, dst, ...(dport === undefined ? {} : { dport }) };
}

/** Enters a hook. With another decision about where the header changes, INPUT and FORWARD see the original destination. */
function enterHook(
  { point }: StageOf<"hook">,
  hook: Hook,
  before: PacketContext,
): { readonly context: PacketContext; readonly hidden?: Destination } {
  const context = { ...before, hookState: { ...before.hookState, hook } };
  if (context.input.semantics.destinationChangesIn === "PREROUTING") return { context };
  if (point !== "delivered" && point !== "forwarded") return { context };
  const { packet, ct } = context.hookState;
  if (ct?.direction !== "original" || !ct.connection.dstNat) return { context };
  const { original } = ct.connection;
  const shown = withEnd(
    context,
    hasPorts(original.protocol) ? destinationOf(original) : { dst: original.dst },
  );
  return { context: withHeader(context, shown), hidden: destinationOf(packet) };
}
