import type { Packet, Verdict } from "../model";
import { addressWords } from "../routing/address";
import { sentHeaderOf } from "../routing/flow";
import { isLocal } from "../routing/local";
import { type OutRoute, type Routed, routeOut } from "../routing/output";
import { assumeCarries, assumeFits } from "./device";
import { judgeOf, settle } from "./evaluation";
import type { View } from "./hook-state";
import { type HookVerdict, runHook } from "./hooks";
import { type Ending, Flight, type Run } from "./packet-context";
import { receive } from "./receive";
import { describeOut } from "./route-words";

const ROUNDS = 8;

/** Ends a flight with its last step. */
export function finish(
  flight: Flight,
  verdict: Verdict,
  text: string,
  ending: Omit<Ending, "verdict"> = {},
): Ending {
  const { packet } = flight;
  flight.steps.push({
    kind: "end",
    place: flight.run.host.place,
    before: packet,
    after: packet,
    verdict,
    text,
  });
  return { verdict, ...ending };
}

/** Ends a flight where a hook did not let it pass. */
export function stopped(flight: Flight, verdict: Exclude<HookVerdict, "accept">): Ending {
  if (typeof verdict === "object") return finish(flight, verdict.verdict ?? "drop", verdict.text);
  const texts: Readonly<Record<typeof verdict, string>> = {
    drop: "dropped",
    reject: "dropped, and the sender is told",
    queue: "handed to a program (NFQUEUE)",
    unknown: "a rule jumps to a chain that the dump does not have",
  };
  return finish(flight, verdict, texts[verdict]);
}

/** A packet that a process of this host sends: routing first, then OUTPUT, then POSTROUTING. */
export function send(run: Run, packet: Packet): { flight: Flight; ending: Ending } {
  const dst = addressWords(packet.dst);
  const src = addressWords(packet.src);
  const flight = new Flight(run, packet, "OUTPUT", { in: "", out: "" });
  flight.view = { ...flight.view, socket: "process" };
  if (dst === undefined)
    return { flight, ending: finish(flight, "unreachable", `${packet.dst} is no address`) };
  if (src !== undefined) {
    const own = isLocal(run.host, src);
    if (own === false)
      return {
        flight,
        ending: finish(flight, "unreachable", `${packet.src} is not an address of this host (EADDRNOTAVAIL)`),
      };
  }
  return { flight, ending: routeAndSend(flight) };
}

function routeAndSend(flight: Flight, known?: OutRoute): Ending {
  const { run, view, packet } = flight;
  if (view.dst === undefined) return finish(flight, "unreachable", `${packet.dst} is no address`);
  const routed: Routed =
    known === undefined
      ? routeOut(run.host, view.dst, flowOf(flight), judgeOf(run.mind))
      : { kind: "out", out: known };
  if (routed.kind === "error") return finish(flight, "unreachable", routed.text);
  let { out } = routed;
  // Without routes even a local destination is not known; loopback is the one that always is.
  // An answer goes back to where the packet came from.
  if (run.host.routes === undefined && !out.local && view.socket === "process") {
    const own = isLocal(run.host, view.dst);
    if (typeof own !== "boolean" && settle(own, run.mind)) out = { dev: "lo", local: true };
  }
  flight.route = out;
  flight.view = { ...view, out: out.dev, route: out };
  flight.steps.push({
    ...flight.at(),
    kind: "routing",
    text: `sent by this host: ${describeOut(out)}`,
    decision: "out",
    ...(out.route === undefined ? {} : { route: describeOut(out) }),
    ...(out.dev === undefined ? {} : { out: out.dev }),
    ...(out.via === undefined ? {} : { via: out.via }),
  });
  const verdict = runHook(flight, "OUTPUT");
  if (verdict !== "accept") return stopped(flight, verdict);
  return leave(flight, "");
}

function flowOf({ view, packet, run }: Flight): Parameters<typeof routeOut>[2] {
  return { src: view.src, mark: packet.mark, header: sentHeaderOf(packet, judgeOf(run.mind)) };
}

/** POSTROUTING, and off the host; what is for the host itself comes back in by lo, with its connection. */
export function leave(flight: Flight, from: string | undefined): Ending {
  const { run } = flight;
  const { route } = flight;
  flight.view = { ...flight.view, in: from, out: route?.dev, ...(route === undefined ? {} : { route }) };
  if (route?.route?.type === "broadcast") loopCopy(flight, route.dev ?? "");
  const verdict = runHook(flight, "POSTROUTING");
  if (verdict !== "accept") return stopped(flight, verdict);
  if (route?.local === true || route?.dev === "lo") {
    run.rounds++;
    if (run.rounds > ROUNDS) return finish(flight, "drop", "it goes round and round over lo");
    flight.steps.push({
      ...flight.at(),
      kind: "link",
      from: { place: run.host.place, link: "lo" },
      to: { place: run.host.place, link: "lo" },
      text: "over the loopback interface, back into this host",
    });
    const { owner: _owner, ...carried } = flight.packet;
    flight.packet = carried;
    flight.view = { ...flight.view, socket: "none" };
    return receive(flight, "lo", true);
  }
  assumeCarries(flight, route?.dev);
  assumeFits(flight, route?.dev);
  const nexthop = route?.via ?? flight.packet.dst;
  const by = route?.dev ?? run.mind.devices.get("out");
  const how = by === undefined ? "leaves by an interface that is not known" : `leaves by ${by}`;
  return finish(
    flight,
    "accept",
    nexthop === flight.packet.dst ? how : `${how}, to the next hop ${nexthop}`,
    {
      left: { dev: by, nexthop },
    },
  );
}

/** ip_mc_output: a copy of each broadcast comes back in by its device, and runs through POSTROUTING before the original. */
function loopCopy(flight: Flight, device: string): void {
  const { run } = flight;
  const copy = new Flight(run, flight.packet, "POSTROUTING", { in: "", out: device });
  copy.view = { ...flight.view, socket: "none" };
  const verdict = runHook(copy, "POSTROUTING");
  const ending = verdict === "accept" ? comeBack(copy, device) : stopped(copy, verdict);
  // Both carry one connection: what the copy made of it holds for the original.
  const { ct } = copy.view;
  if (ct !== undefined) flight.view = { ...flight.view, ct };
  run.caused.push({ packet: flight.packet, verdict: ending.verdict, steps: copy.steps });
}

function comeBack(copy: Flight, device: string): Ending {
  const end = { place: copy.run.host.place, link: device };
  copy.steps.push({
    ...copy.at(),
    kind: "link",
    from: end,
    to: end,
    text: `a copy of the broadcast comes back in by ${device}`,
  });
  copy.packet = { ...copy.packet, pktType: "broadcast" };
  return receive(copy, device, true);
}

/** An answer that the kernel itself makes: it runs through OUTPUT and POSTROUTING with the connection it answers to. */
export function sendAnswer(
  run: Run,
  packet: Packet,
  carried: Pick<View, "ct" | "answersUntracked">,
  out: OutRoute,
): void {
  const flight = new Flight(run, packet, "OUTPUT", { in: "", out: "" });
  flight.view = { ...flight.view, socket: "kernel", ...carried };
  // What the answered packet assumed about its own way does not hold for the answer's.
  const devices = new Map(run.mind.devices);
  run.mind.devices.clear();
  const ending = routeAndSend(flight, out);
  run.mind.devices.clear();
  for (const [side, name] of devices) run.mind.devices.set(side, name);
  run.caused.push({
    packet,
    verdict: ending.verdict,
    steps: flight.steps,
    ...(ending.left === undefined ? {} : { left: ending.left }),
  });
}
