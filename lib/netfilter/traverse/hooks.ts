import { NO_ZONE } from "../conntrack/connection";
import { isTaken, track } from "../conntrack/track";
import { doubt, type Hook, TABLES_AT, type TableName } from "../model";
import { manipOf, rewrite } from "../nat/rewrite";
import { sentHeaderOf } from "../routing/flow";
import { routeOut } from "../routing/output";
import { decidedSysctl } from "../routing/sysctl";
import { judgeOf } from "./evaluation";
import { forced } from "./given-state";
import type { View } from "./hook-state";
import type { Flight } from "./packet-context";
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
export function runHook(flight: Flight, hook: Hook): HookVerdict {
  flight.view = { ...flight.view, hook };
  const { rulesets } = flight.run;
  for (const { table, after } of order[hook]) {
    if (!after && flight.run.unprinted.has(table)) {
      const unknown = unprinted(flight, hook, table);
      if (unknown !== undefined) return unknown;
    }
    if (table === "nat") {
      const verdict = natHook(flight, hook);
      if (verdict !== "accept") return verdict;
    } else {
      for (const ruleset of rulesets) {
        const late = table === "security" && hook === "INPUT" && ruleset.ruleset.variant === "nft";
        if (late !== after) continue;
        const before = flight.packet;
        const verdict = runTable(flight, ruleset, table, hook) ?? "accept";
        if (verdict !== "accept") return verdict;
        if (table === "mangle" && hook === "OUTPUT" && routesAgain(before, flight.packet)) {
          const failed = reroute(flight, "mangle changed what routing looks at");
          if (failed !== undefined) return failed;
        }
      }
    }
    if (table === "raw") conntrackHook(flight, hook, rulesets.length > 0);
  }
  return hook === "INPUT" || hook === "POSTROUTING" ? confirm(flight) : "accept";
}

/** A table that iptables could not print: either it leaves the packet as it is, or nobody knows what it does. */
function unprinted(flight: Flight, hook: Hook, table: TableName): HookVerdict | undefined {
  const { run, view } = flight;
  // Rules of nat are asked for the first packet of a connection only.
  if (table === "nat" && (view.ct === undefined || view.ct.state === "ESTABLISHED")) return undefined;
  const name = `table ${table}, which iptables could not print,`;
  const passes = doubt(
    `unprinted ${table} ${hook}`,
    `${name} leaves the packet as it is at ${hook}`,
    `${name} does not leave the packet as it is at ${hook}`,
  );
  if (judgeOf(run.mind).decide(passes)) return undefined;
  return { kind: "lost", verdict: "unknown", text: passes.no };
}

type Header = Flight["packet"];

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
function reroute(flight: Flight, why: string): HookVerdict | undefined {
  const { view, packet, run } = flight;
  const judge = judgeOf(run.mind);
  if (view.dst === undefined) {
    flight.route = { dev: undefined, local: false };
    return undefined;
  }
  // The kernel asks without protocol and ports (ip_route_me_harder): no policy rule by them matches.
  const { tos, uid, blanks = [] } = sentHeaderOf(packet, judge);
  const known = view.socket === "process";
  const header = {
    ...(tos === undefined ? {} : { tos }),
    ...(known && uid !== undefined ? { uid } : {}),
    blanks: blanks.filter((blank) => blank === "tos" || (known && blank === "uid")),
  };
  const routed = routeOut(run.host, view.dst, { src: view.src, mark: packet.mark, header }, judge);
  if (routed.kind === "error") return lost(`routed again (${why}): ${routed.text}`);
  flight.route = routed.out;
  flight.steps.push({
    ...flight.at(),
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
function conntrackHook(flight: Flight, hook: Hook, tells: boolean): void {
  const { view, run } = flight;
  if (hook !== "PREROUTING" && hook !== "OUTPUT") return;
  const tell = (state: "NEW" | "ESTABLISHED" | "RELATED" | "INVALID" | "UNTRACKED", text: string): void => {
    const { packet } = flight;
    if (tells)
      flight.steps.push({
        kind: "conntrack",
        place: run.host.place,
        before: packet,
        after: packet,
        hook,
        state,
        text,
      });
  };
  if (view.ct !== undefined) {
    tell(view.ct.state, "the packet carries its connection already");
    return;
  }
  if (view.untracked) {
    tell("UNTRACKED", "not tracked");
    return;
  }
  const { mind } = run;
  // The template of raw's CT target is used up, also where nothing comes of it.
  const { template } = view;
  const options = {
    zone: template?.zone ?? NO_ZONE,
    now: mind.state.now,
    loose: () => decidedSysctl(run.host, "net.netfilter.nf_conntrack_tcp_loose", judgeOf(mind)),
    ...(template?.helper === undefined ? {} : { helper: template.helper }),
  };
  const { force } = run;
  run.force = undefined;
  const tracked =
    force === undefined
      ? track(mind.state.conntrack, flight.packet, options)
      : forced(mind.state.conntrack, flight.packet, force, options);
  mind.state = { ...mind.state, conntrack: tracked.table };
  flight.view = {
    ...(template === undefined ? view : withoutTemplate(view)),
    untracked: tracked.untracked ?? false,
    ...(tracked.attached === undefined ? {} : { ct: tracked.attached }),
  };
  tell(tracked.untracked === true ? "UNTRACKED" : (tracked.attached?.state ?? "INVALID"), tracked.text);
}

function withoutTemplate({ template: _used, ...view }: View): View {
  return view;
}

/** nf_nat_inet_fn: rules are asked once for each end of a connection; all later packets follow the entry. */
function natHook(flight: Flight, hook: Hook): HookVerdict {
  const { natRulesets: rulesets } = flight.run;
  const { ct } = flight.view;
  if (rulesets.length === 0 || ct === undefined) return "accept";
  const start = flight.packet;
  const manip = manipOf(hook);
  const isError = flight.packet.icmp?.about !== undefined && ct.state === "RELATED";
  const done = (): boolean => {
    const connection = flight.view.ct?.connection;
    return manip === "src" ? connection?.srcNatDone === true : connection?.dstNatDone === true;
  };
  const asks = ct.state !== "ESTABLISHED" && !isError && !done();
  if (asks) {
    for (const ruleset of rulesets) {
      const verdict = runTable(flight, ruleset, "nat", hook) ?? "accept";
      if (verdict !== "accept") return verdict;
      if (done()) break;
    }
    if (!done()) nullBinding(flight);
  } else if (hook === "POSTROUTING" && ct.direction === "original") {
    const { masqueradeOut } = ct.connection;
    if (masqueradeOut !== undefined && flight.view.out !== undefined && masqueradeOut !== flight.view.out) {
      const { mind } = flight.run;
      mind.state = { ...mind.state, conntrack: mind.state.conntrack.without(ct.connection) };
      return lost(
        `masqueraded for ${masqueradeOut}, but it would leave by ${flight.view.out}: the entry is removed`,
      );
    }
  }
  const attached = flight.view.ct;
  const before = flight.packet;
  if (attached !== undefined) flight.packet = rewrite(before, attached, hook);
  if (flight.packet !== before) {
    const way = asks
      ? "a free port was needed"
      : attached?.direction === "reply"
        ? "the reply gets its addresses back"
        : "as the first packet";
    flight.steps.push({
      ...flight.at(before),
      kind: "nat",
      hook,
      text: `rewritten from the connection: ${way}`,
    });
  }
  return hook === "OUTPUT" ? afterNatOutput(flight, start) : "accept";
}

/** nf_nat_ipv4_local_fn: a destination that differs from the answer's source asks for a new route, each time. */
function afterNatOutput(flight: Flight, start: Header): HookVerdict {
  const { ct } = flight.view;
  if (ct === undefined) return "accept";
  const there = ct.connection[ct.direction];
  const back = ct.connection[ct.direction === "original" ? "reply" : "original"];
  if (there.dst === back.src && flight.packet.dst === start.dst) return "accept";
  return reroute(flight, "its destination is new") ?? "accept";
}

/** nf_conntrack_confirm: the entry enters the table as the first packet leaves; a clash drops the packet. */
function confirm(flight: Flight): HookVerdict {
  const { ct } = flight.view;
  if (ct === undefined || ct.connection.confirmed || ct.direction === "reply") return "accept";
  const { mind } = flight.run;
  const { connection } = ct;
  const taken =
    isTaken(mind.state.conntrack, connection.original, connection, "original", mind.state.now) ||
    isTaken(mind.state.conntrack, connection.reply, connection, "reply", mind.state.now);
  if (taken)
    return lost("another connection already uses these addresses and ports: the entry cannot be confirmed");
  const known = mind.state.conntrack.get(connection.id);
  // Another packet of the same run may have taken the number while this one was on its way.
  const id = known === undefined ? connection.id : mind.state.conntrack.nextId;
  flight.updateConnection({ ...connection, id, confirmed: true });
  return "accept";
}
