import { NO_ZONE } from "../conntrack/connection";
import { isTaken, track } from "../conntrack/track";
import { type Hook, TABLES_AT, type TableName, unknownCondition } from "../model";
import { manipOf, rewrite } from "../nat/rewrite";
import { sentHeaderOf } from "../routing/flow";
import { routeOut } from "../routing/output";
import { decidedSysctl } from "../routing/sysctl";
import { judgeOf } from "./evaluation";
import { trackAsGiven } from "./given-state";
import type { HookState } from "./hook-state";
import type { PacketContext } from "./packet-context";
import { describeOut } from "./route-words";
import { runTable, type TableVerdict } from "./table";
import { nullBinding } from "./translate";

/** The verdict of a hook. `lost`: the packet is dropped for a reason outside the rules, described in `text`. */
export type HookVerdict =
  | TableVerdict
  | { readonly kind: "lost"; readonly text: string; readonly verdict?: "unknown" };

const lost = (text: string): HookVerdict => ({ kind: "lost", text });

interface Stop {
  readonly table: TableName;
  readonly after: boolean;
}

// The security chains of iptables-nft have priority 150 (iptables/nft.c), those of iptables-legacy 50. In INPUT they
// therefore run after nat (100) instead of before it.
const order: Readonly<Record<Hook, readonly Stop[]>> = {
  PREROUTING: TABLES_AT.PREROUTING.map((table) => ({ table, after: false })),
  INPUT: [...TABLES_AT.INPUT.map((table) => ({ table, after: false })), { table: "security", after: true }],
  FORWARD: TABLES_AT.FORWARD.map((table) => ({ table, after: false })),
  OUTPUT: TABLES_AT.OUTPUT.map((table) => ({ table, after: false })),
  POSTROUTING: TABLES_AT.POSTROUTING.map((table) => ({ table, after: false })),
};

/** Runs everything that is registered at a hook, in the order of the priorities (netfilter_ipv4.h). */
export function runHook(context: PacketContext, hook: Hook): HookVerdict {
  context.hookState = { ...context.hookState, hook };
  const { rulesets } = context.traversal;
  for (const { table, after } of order[hook]) {
    if (!after && context.traversal.unprinted.has(table)) {
      const unknown = unprinted(context, hook, table);
      if (unknown !== undefined) return unknown;
    }
    if (table === "nat") {
      const verdict = natHook(context, hook);
      if (verdict !== "accept") return verdict;
    } else {
      for (const ruleset of rulesets) {
        const late = table === "security" && hook === "INPUT" && ruleset.ruleset.variant === "nft";
        if (late !== after) continue;
        const before = context.packet;
        const verdict = runTable(context, ruleset, table, hook) ?? "accept";
        if (verdict !== "accept") return verdict;
        if (table === "mangle" && hook === "OUTPUT" && routesAgain(before, context.packet)) {
          const failed = reroute(context, "mangle changed a field that routing depends on");
          if (failed !== undefined) return failed;
        }
      }
    }
    if (table === "raw") conntrackHook(context, hook, rulesets.length > 0);
  }
  return hook === "INPUT" || hook === "POSTROUTING" ? confirm(context) : "accept";
}

/** A table that iptables could not print: either it does not change the packet, or the rest of the path is unknown. */
function unprinted(context: PacketContext, hook: Hook, table: TableName): HookVerdict | undefined {
  const { traversal, hookState } = context;
  // The nat table is evaluated only for the first packet of a connection.
  if (table === "nat" && (hookState.ct === undefined || hookState.ct.state === "ESTABLISHED"))
    return undefined;
  const name = `table ${table}, which iptables could not print,`;
  const passes = unknownCondition(
    `unprinted ${table} ${hook}`,
    `${name} does not change the packet at ${hook}`,
    `${name} changes or drops the packet at ${hook}`,
  );
  if (judgeOf(traversal.evaluation).decide(passes)) return undefined;
  return { kind: "lost", verdict: "unknown", text: passes.no };
}

type Header = PacketContext["packet"];

/** A packet is rerouted if its address, mark or TOS changed (iptable_mangle.c, ipt_mangle_out). */
function routesAgain(before: Header, after: Header): boolean {
  return (
    before.src !== after.src ||
    before.dst !== after.dst ||
    before.mark !== after.mark ||
    before.tos !== after.tos
  );
}

/** Looks up a new route (ip_route_me_harder). The rest of OUTPUT still sees the old device; POSTROUTING sees the new one. */
function reroute(context: PacketContext, why: string): HookVerdict | undefined {
  const { hookState, packet, traversal } = context;
  const judge = judgeOf(traversal.evaluation);
  if (hookState.dst === undefined) {
    context.route = { dev: undefined, local: false };
    return undefined;
  }
  // ip_route_me_harder does not set protocol and ports, so policy rules that compare them do not match.
  const { tos, uid, unknownFields = [] } = sentHeaderOf(packet, judge);
  const known = hookState.socket === "process";
  const header = {
    ...(tos === undefined ? {} : { tos }),
    ...(known && uid !== undefined ? { uid } : {}),
    unknownFields: unknownFields.filter((field) => field === "tos" || (known && field === "uid")),
  };
  const routed = routeOut(
    traversal.host,
    hookState.dst,
    { src: hookState.src, mark: packet.mark, header },
    judge,
  );
  if (routed.kind === "error") return lost(`rerouted (${why}): ${routed.text}`);
  context.route = routed.out;
  context.steps.push({
    ...context.at(),
    kind: "routing",
    text: `rerouted, because ${why}: ${describeOut(routed.out)}`,
    decision: "out",
    ...(routed.out.route === undefined ? {} : { route: describeOut(routed.out) }),
    ...(routed.out.dev === undefined ? {} : { out: routed.out.dev }),
    ...(routed.out.via === undefined ? {} : { via: routed.out.via }),
  });
  return undefined;
}

/** Looks up or creates the packet's connection (nf_conntrack_in). */
function conntrackHook(context: PacketContext, hook: Hook, recordsStep: boolean): void {
  const { hookState, traversal } = context;
  if (hook !== "PREROUTING" && hook !== "OUTPUT") return;
  const record = (state: "NEW" | "ESTABLISHED" | "RELATED" | "INVALID" | "UNTRACKED", text: string): void => {
    const { packet } = context;
    if (recordsStep)
      context.steps.push({
        kind: "conntrack",
        place: traversal.host.place,
        before: packet,
        after: packet,
        hook,
        state,
        text,
      });
  };
  if (hookState.ct !== undefined) {
    record(hookState.ct.state, "the packet already has its connection");
    return;
  }
  if (hookState.untracked) {
    record("UNTRACKED", "not tracked");
    return;
  }
  const { evaluation } = traversal;
  // The template is removed even if no connection is attached.
  const { template } = hookState;
  const options = {
    zone: template?.zone ?? NO_ZONE,
    now: evaluation.state.now,
    loose: () => decidedSysctl(traversal.host, "net.netfilter.nf_conntrack_tcp_loose", judgeOf(evaluation)),
    ...(template?.helper === undefined ? {} : { helper: template.helper }),
  };
  const { givenState } = traversal;
  traversal.givenState = undefined;
  const tracked =
    givenState === undefined
      ? track(evaluation.state.conntrack, context.packet, options)
      : trackAsGiven(evaluation.state.conntrack, context.packet, givenState, options);
  evaluation.state = { ...evaluation.state, conntrack: tracked.table };
  context.hookState = {
    ...(template === undefined ? hookState : withoutTemplate(hookState)),
    untracked: tracked.untracked ?? false,
    ...(tracked.attached === undefined ? {} : { ct: tracked.attached }),
  };
  record(tracked.untracked === true ? "UNTRACKED" : (tracked.attached?.state ?? "INVALID"), tracked.text);
}

function withoutTemplate({ template: _used, ...hookState }: HookState): HookState {
  return hookState;
}

/** NAT (nf_nat_inet_fn): rules are evaluated once per connection and end. Later packets are rewritten from the entry. */
function natHook(context: PacketContext, hook: Hook): HookVerdict {
  const { natRulesets: rulesets } = context.traversal;
  const { ct } = context.hookState;
  if (rulesets.length === 0 || ct === undefined) return "accept";
  const start = context.packet;
  const manip = manipOf(hook);
  const isError = context.packet.icmp?.about !== undefined && ct.state === "RELATED";
  const done = (): boolean => {
    const connection = context.hookState.ct?.connection;
    return manip === "src" ? connection?.srcNatDone === true : connection?.dstNatDone === true;
  };
  const evaluatesRules = ct.state !== "ESTABLISHED" && !isError && !done();
  if (evaluatesRules) {
    for (const ruleset of rulesets) {
      const verdict = runTable(context, ruleset, "nat", hook) ?? "accept";
      if (verdict !== "accept") return verdict;
      if (done()) break;
    }
    if (!done()) nullBinding(context);
  } else if (hook === "POSTROUTING" && ct.direction === "original") {
    const { masqueradeOut } = ct.connection;
    if (
      masqueradeOut !== undefined &&
      context.hookState.out !== undefined &&
      masqueradeOut !== context.hookState.out
    ) {
      const { evaluation } = context.traversal;
      evaluation.state = {
        ...evaluation.state,
        conntrack: evaluation.state.conntrack.without(ct.connection),
      };
      return lost(
        `masqueraded for ${masqueradeOut}, but it would leave by ${context.hookState.out}: the entry is removed`,
      );
    }
  }
  const attached = context.hookState.ct;
  const before = context.packet;
  if (attached !== undefined) context.packet = rewrite(before, attached, hook);
  if (context.packet !== before) {
    const reason = evaluatesRules
      ? "a free port was needed"
      : attached?.direction === "reply"
        ? "the reply gets its addresses back"
        : "like the first packet";
    context.steps.push({
      ...context.at(before),
      kind: "nat",
      hook,
      text: `rewritten from the connection: ${reason}`,
    });
  }
  return hook === "OUTPUT" ? afterNatOutput(context, start) : "accept";
}

/** Reroutes each packet whose destination is translated in OUTPUT (nf_nat_ipv4_local_fn). */
function afterNatOutput(context: PacketContext, start: Header): HookVerdict {
  const { ct } = context.hookState;
  if (ct === undefined) return "accept";
  const there = ct.connection[ct.direction];
  const back = ct.connection[ct.direction === "original" ? "reply" : "original"];
  if (there.dst === back.src && context.packet.dst === start.dst) return "accept";
  return reroute(context, "its destination changed") ?? "accept";
}

/** Adds the entry to the table when the first packet leaves or is delivered. If it clashes, drops the packet (nf_conntrack_confirm). */
function confirm(context: PacketContext): HookVerdict {
  const { ct } = context.hookState;
  if (ct === undefined || ct.connection.confirmed || ct.direction === "reply") return "accept";
  const { evaluation } = context.traversal;
  const { connection } = ct;
  const taken =
    isTaken(evaluation.state.conntrack, connection.original, connection, "original", evaluation.state.now) ||
    isTaken(evaluation.state.conntrack, connection.reply, connection, "reply", evaluation.state.now);
  if (taken)
    return lost("another connection already uses these addresses and ports: the entry cannot be confirmed");
  const known = evaluation.state.conntrack.get(connection.id);
  // Another packet of the same run may have used the id in the meantime.
  const id = known === undefined ? connection.id : evaluation.state.conntrack.nextId;
  context.updateConnection({ ...connection, id, confirmed: true });
  return "accept";
}
