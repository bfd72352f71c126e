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

/** How a hook left the packet. `lost` is a drop for a reason outside the rules, told in `text`. */
export type HookVerdict =
  | TableVerdict
  | { readonly kind: "lost"; readonly text: string; readonly verdict?: "unknown" };

const lost = (text: string): HookVerdict => ({ kind: "lost", text });

interface Stop {
  readonly table: TableName;
  readonly after: boolean;
}

// iptables-nft gives its security chains the priority 150 (iptables/nft.c), where the kernel's own has 50: in INPUT they
// come after nat (100), not before.
const order: Readonly<Record<Hook, readonly Stop[]>> = {
  PREROUTING: TABLES_AT.PREROUTING.map((table) => ({ table, after: false })),
  INPUT: [...TABLES_AT.INPUT.map((table) => ({ table, after: false })), { table: "security", after: true }],
  FORWARD: TABLES_AT.FORWARD.map((table) => ({ table, after: false })),
  OUTPUT: TABLES_AT.OUTPUT.map((table) => ({ table, after: false })),
  POSTROUTING: TABLES_AT.POSTROUTING.map((table) => ({ table, after: false })),
};

/** Runs all that stands at one hook, in the order of the priorities (netfilter_ipv4.h). */
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
          const failed = reroute(context, "mangle changed what routing looks at");
          if (failed !== undefined) return failed;
        }
      }
    }
    if (table === "raw") conntrackHook(context, hook, rulesets.length > 0);
  }
  return hook === "INPUT" || hook === "POSTROUTING" ? confirm(context) : "accept";
}

/** A table that iptables could not print: either it leaves the packet as it is, or nobody knows what it does. */
function unprinted(context: PacketContext, hook: Hook, table: TableName): HookVerdict | undefined {
  const { traversal, hookState } = context;
  // Rules of nat are asked for the first packet of a connection only.
  if (table === "nat" && (hookState.ct === undefined || hookState.ct.state === "ESTABLISHED"))
    return undefined;
  const name = `table ${table}, which iptables could not print,`;
  const passes = unknownCondition(
    `unprinted ${table} ${hook}`,
    `${name} leaves the packet as it is at ${hook}`,
    `${name} does not leave the packet as it is at ${hook}`,
  );
  if (judgeOf(traversal.evaluation).decide(passes)) return undefined;
  return { kind: "lost", verdict: "unknown", text: passes.no };
}

type Header = PacketContext["packet"];

/** iptable_mangle.c, ipt_mangle_out: a changed address, mark or TOS asks for a new route. */
function routesAgain(before: Header, after: Header): boolean {
  return (
    before.src !== after.src ||
    before.dst !== after.dst ||
    before.mark !== after.mark ||
    before.tos !== after.tos
  );
}

/** ip_route_me_harder. The hook goes on with the old `-o`; only POSTROUTING sees the new one. */
function reroute(context: PacketContext, why: string): HookVerdict | undefined {
  const { hookState, packet, traversal } = context;
  const judge = judgeOf(traversal.evaluation);
  if (hookState.dst === undefined) {
    context.route = { dev: undefined, local: false };
    return undefined;
  }
  // The kernel asks without protocol and ports (ip_route_me_harder): no policy rule by them matches.
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
  if (routed.kind === "error") return lost(`routed again (${why}): ${routed.text}`);
  context.route = routed.out;
  context.steps.push({
    ...context.at(),
    kind: "routing",
    text: `routed again, because ${why}: ${describeOut(routed.out)}`,
    decision: "out",
    ...(routed.out.route === undefined ? {} : { route: describeOut(routed.out) }),
    ...(routed.out.dev === undefined ? {} : { out: routed.out.dev }),
    ...(routed.out.via === undefined ? {} : { via: routed.out.via }),
  });
  return undefined;
}

/** nf_conntrack_in: what the packet belongs to. */
function conntrackHook(context: PacketContext, hook: Hook, tells: boolean): void {
  const { hookState, traversal } = context;
  if (hook !== "PREROUTING" && hook !== "OUTPUT") return;
  const tell = (state: "NEW" | "ESTABLISHED" | "RELATED" | "INVALID" | "UNTRACKED", text: string): void => {
    const { packet } = context;
    if (tells)
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
    tell(hookState.ct.state, "the packet carries its connection already");
    return;
  }
  if (hookState.untracked) {
    tell("UNTRACKED", "not tracked");
    return;
  }
  const { evaluation } = traversal;
  // The template of raw's CT target is used up, also where nothing comes of it.
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
  tell(tracked.untracked === true ? "UNTRACKED" : (tracked.attached?.state ?? "INVALID"), tracked.text);
}

function withoutTemplate({ template: _used, ...hookState }: HookState): HookState {
  return hookState;
}

/** nf_nat_inet_fn: rules are asked once for each end of a connection; all later packets follow the entry. */
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
  const asks = ct.state !== "ESTABLISHED" && !isError && !done();
  if (asks) {
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
    const way = asks
      ? "a free port was needed"
      : attached?.direction === "reply"
        ? "the reply gets its addresses back"
        : "as the first packet";
    context.steps.push({
      ...context.at(before),
      kind: "nat",
      hook,
      text: `rewritten from the connection: ${way}`,
    });
  }
  return hook === "OUTPUT" ? afterNatOutput(context, start) : "accept";
}

/** nf_nat_ipv4_local_fn: a destination that differs from the answer's source asks for a new route, each time. */
function afterNatOutput(context: PacketContext, start: Header): HookVerdict {
  const { ct } = context.hookState;
  if (ct === undefined) return "accept";
  const there = ct.connection[ct.direction];
  const back = ct.connection[ct.direction === "original" ? "reply" : "original"];
  if (there.dst === back.src && context.packet.dst === start.dst) return "accept";
  return reroute(context, "its destination is new") ?? "accept";
}

/** nf_conntrack_confirm: the entry enters the table as the first packet leaves; a clash drops the packet. */
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
  // Another packet of the same run may have taken the number while this one was on its way.
  const id = known === undefined ? connection.id : evaluation.state.conntrack.nextId;
  context.updateConnection({ ...connection, id, confirmed: true });
  return "accept";
}
