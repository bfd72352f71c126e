import { replyTo } from "../../../lib/netfilter/conntrack/reply";
import type { Host, Packet, Ruleset, Step } from "../../../lib/netfilter/model";
import { groupPackets, type ObservedPacket, type TraceEvent } from "../../../lib/netfilter/trace";
import { type Entry, FRESH, type KernelState, traverse } from "../../../lib/netfilter/traverse";
import { trackingOf } from "../../../lib/netfilter/traverse/chain/tracking";
import { type CaseStep, type FuzzCase, type RouterName, routers } from "../case";
import { frame, ipPacket } from "../rig/frame";
import { macOf, peerOf, type World } from "../rig/world";
import { compare, countsOf, type Predicted, type Verdict } from "./outcome";

/** The first difference between the kernel and the model. */
export interface Disagreement {
  /** Index of the step. If only the final counters differ, this is the number of steps. */
  readonly step: number;
  readonly text: string;
  readonly sent?: Packet;
  readonly events: readonly string[];
}

export interface CaseResult {
  /** Packets that were sent and compared. */
  readonly packets: number;
  /** Router traversals that were compared, including replies of the routers. */
  readonly passes: number;
  /** Packets with an uncertain outcome, for example because the kernel chooses a port at random. */
  readonly uncertain: number;
  /** Router traversals in namespaces where no rule needs conntrack. */
  readonly untracked: number;
  /** How often each kind of match and target (`→`) occurred in the rules that packets matched. */
  readonly hits: ReadonlyMap<string, number>;
  readonly disagreement?: Disagreement;
}

/** Where a sent packet ended. A reply starts there. */
interface Ended {
  readonly entry: Entry;
  readonly at: RouterName;
  readonly packet: Packet;
  readonly sent: Packet;
  readonly answers?: { readonly at: RouterName; readonly entry: Entry; readonly packet: Packet };
}

interface Waiting {
  readonly at: RouterName;
  readonly packet: Packet;
  readonly entry: Entry;
}

/** Milliseconds between two packets. Longer than a tick of the kernel's clock (4 ms at HZ=250, at most 10 ms). */
const TICK = 12;

const sender = "02:00:00:00:0f:01";

/** Runs one case on the kernel and in the model, and compares them after each packet. */
export async function runCase(world: World, wanted: FuzzCase): Promise<CaseResult> {
  const hosts = await world.apply(wanted);
  return new CaseRun(world, wanted, hosts).run();
}

class CaseRun {
  readonly #world: World;
  readonly #case: FuzzCase;
  readonly #hosts: ReadonlyMap<RouterName, Host>;
  readonly #states = new Map<RouterName, KernelState>();
  readonly #ended: (Ended | undefined)[] = [];
  readonly #counts = new Map<RouterName, Map<string, number>>();
  readonly #hits = new Map<string, number>();
  readonly #began = performance.now();
  /** When the last packet was sent, in milliseconds of `performance.now()`. */
  #sentAt = Number.NEGATIVE_INFINITY;
  #ipId = 0;
  #passes = 0;
  #uncertain = 0;
  #untracked = 0;

  constructor(world: World, wanted: FuzzCase, hosts: ReadonlyMap<RouterName, Host>) {
    this.#world = world;
    this.#case = wanted;
    this.#hosts = hosts;
    for (const name of routers) {
      this.#states.set(name, FRESH);
      this.#counts.set(name, new Map());
    }
  }

  async run(): Promise<CaseResult> {
    let packets = 0;
    await Promise.all(routers.map((name) => this.#world.trace(name).flush()));
    for (const name of routers) this.#world.trace(name).take();
    // A host may have sent packets itself since its rules were loaded (IPv6 does).
    const start = await this.#counters();
    const result = (disagreement?: Disagreement): CaseResult => ({
      packets,
      passes: this.#passes,
      uncertain: this.#uncertain,
      untracked: this.#untracked,
      hits: this.#hits,
      ...(disagreement === undefined ? {} : { disagreement }),
    });
    for (const [at, step] of this.#case.steps.entries()) {
      const send = this.#sendOf(step);
      if (send === undefined) {
        this.#ended.push(undefined);
        continue;
      }
      packets += 1;
      const before = this.#uncertain;
      const disagreement = await this.#send(send, at);
      if (disagreement) return result(disagreement);
      // After an uncertain outcome, all later ones are uncertain too. End the case here.
      if (this.#uncertain > before) return result();
    }
    const text = await this.#grownDifference(start, this.#counts);
    return text === undefined ? result() : result({ step: this.#case.steps.length, text, events: [] });
  }

  #sendOf(step: CaseStep): Waiting | undefined {
    switch (step.kind) {
      case "send":
        return {
          at: step.at,
          packet: step.packet,
          entry: step.in === undefined ? { local: true } : { in: step.in },
        };
      case "again": {
        const earlier = this.#ended[step.of % Math.max(1, this.#ended.length)];
        if (earlier === undefined) return undefined;
        const { at, entry, sent } = earlier;
        const flags = sent.protocol === "tcp" ? step.flags : undefined;
        return { at, entry, packet: flags === undefined ? sent : { ...sent, tcpFlags: flags } };
      }
      case "answer": {
        const from = this.#ended[step.to % Math.max(1, this.#ended.length)]?.answers;
        const packet = from && replyTo(from.packet, step.how);
        // No host replies from a broadcast or multicast address.
        if (from === undefined || packet === undefined || linkAddress(packet.src, "").pktType !== "unicast")
          return undefined;
        const local = "local" in from.entry;
        return { ...from, packet: local ? { ...packet, owner: { uid: 0, gid: 0 } } : packet };
      }
    }
  }

  /** Sends one packet, and compares all resulting packets in both routers. */
  async #send(send: Waiting, at: number): Promise<Disagreement | undefined> {
    const { packet, line, from } = this.#dressed(send);
    const counters = this.#case.variant === "legacy" ? await this.#counters() : undefined;
    const wire = await from.wire();
    await this.#tick();
    const complaints = await wire.send([line]);
    this.#sentAt = performance.now();
    const events = new Map<RouterName, TraceEvent[]>(routers.map((name) => [name, []]));
    // A packet may still be in transit between the namespaces when `send` returns. A difference counts only after three
    // rounds without new events.
    for (let quiet = 0; ; ) {
      await Promise.all(routers.map((name) => this.#world.trace(name).flush()));
      let fresh = 0;
      for (const name of routers) {
        const more = this.#world.trace(name).take();
        fresh += more.length;
        events.get(name)?.push(...more);
      }
      const judged = this.#judge({ ...send, packet }, events);
      if (judged.text === undefined || quiet >= 3) {
        const whole = counters !== undefined && !judged.guessed;
        const text =
          judged.text ?? (whole ? await this.#grownDifference(counters, judged.counts) : undefined);
        if (text !== undefined) {
          const told = routers.flatMap((name) =>
            (events.get(name) ?? []).map((event) => eventText(name, event)),
          );
          return {
            step: at,
            text,
            sent: packet,
            events: [...complaints, ...routers.flatMap((name) => this.#world.trace(name).unread), ...told],
          };
        }
        judged.accept();
        this.#ended.push(judged.ended);
        return undefined;
      }
      quiet = fresh === 0 ? quiet + 1 : 0;
      if (quiet > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Waits until the kernel's clock has ticked since the last packet, and sets the model's time. */
  async #tick(): Promise<void> {
    for (;;) {
      const left = this.#sentAt + TICK - performance.now();
      if (left <= 0) break;
      await new Promise((resolve) => setTimeout(resolve, Math.ceil(left)));
    }
    const now = (performance.now() - this.#began) / 1_000;
    for (const [name, state] of this.#states) this.#states.set(name, { ...state, now });
  }

  /** Adds the link-layer fields to a packet. Also returns the wire.pl command and the netns that sends it. */
  #dressed({ at, packet, entry }: Waiting): {
    packet: Packet;
    line: string;
    from: { wire: World["ends"]["wire"] };
  } {
    this.#ipId = (this.#ipId % 60_000) + 1;
    const bytes = ipPacket(packet, this.#ipId);
    const length = bytes.length;
    if (!("in" in entry)) {
      const kind = packet.family === "ipv4" ? 4 : 6;
      const router = this.#world.router(at);
      return {
        packet: { ...packet, length },
        line: `${kind} ${packet.mark} ${bytes.toString("hex")}`,
        from: { wire: () => router.wire() },
      };
    }
    const far = peerOf[entry.in];
    if (far === undefined) throw new Error(`no wire at ${entry.in}`);
    const from = far.at === "ends" ? this.#world.ends : this.#world.router(far.at);
    const { mac, pktType } = linkAddress(packet.dst, macOf[entry.in] ?? "");
    return {
      packet: { ...packet, length, macSrc: sender, pktType, mark: 0 },
      line: `F ${far.device} ${frame(sender, mac, bytes).toString("hex")}`,
      from: { wire: () => from.wire() },
    };
  }

  #judge(
    send: Waiting,
    events: ReadonlyMap<RouterName, readonly TraceEvent[]>,
  ): {
    text?: string;
    accept: () => void;
    ended: Ended;
    guessed?: true;
    counts: ReadonlyMap<RouterName, Map<string, number>>;
  } {
    const states = new Map(this.#states);
    const counts = new Map<RouterName, Map<string, number>>(routers.map((name) => [name, new Map()]));
    const unused = new Map<RouterName, ObservedPacket[]>();
    for (const name of routers) {
      unused.set(name, groupPackets(events.get(name) ?? [], this.#world.trace(name).loaded));
    }
    let ended: Ended = { at: send.at, entry: send.entry, packet: send.packet, sent: send.packet };
    let [passes, uncertain, untracked] = [0, 0, 0];
    const hits: string[] = [];
    const accept = (): void => {
      for (const name of routers) {
        const state = states.get(name);
        if (state !== undefined) this.#states.set(name, state);
        for (const [key, count] of counts.get(name) ?? []) {
          const all = this.#counts.get(name);
          all?.set(key, (all.get(key) ?? 0) + count);
        }
      }
      for (const kind of hits) this.#hits.set(kind, (this.#hits.get(kind) ?? 0) + 1);
      this.#passes += passes;
      this.#uncertain += uncertain;
      this.#untracked += untracked;
    };
    const byRule = this.#case.variant === "nft";
    const judge = (predicted: Predicted, name: RouterName): Verdict =>
      compare(
        predicted,
        { place: name, packets: unused.get(name) ?? [], loaded: this.#world.trace(name).loaded },
        byRule,
      );
    const take = (name: RouterName, used: readonly ObservedPacket[]): void => {
      unused.set(
        name,
        (unused.get(name) ?? []).filter((packet) => !used.includes(packet)),
      );
    };

    const queue: (Waiting & { readonly first: boolean })[] = [{ ...send, first: true }];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { at, packet, entry, first } = next;
      const host = this.#hosts.get(at);
      if (host === undefined) throw new Error(`no host ${at}`);
      const path = traverse(host, packet, { from: entry, state: states.get(at) ?? FRESH, maxOutcomes: 512 });
      let best: { verdict: Verdict; text: string } | undefined;
      let chosen: (typeof path.outcomes)[number] | undefined;
      let unsaid = false;
      for (const outcome of path.outcomes) {
        const verdicts = [judge({ ...outcome }, at)];
        // For IPv4 "no route" errors, the kernel allows a burst of five per address, then one per second (ip_error,
        // ip_rt_error_cost).
        const limited = outcome.verdict === "unreachable" && packet.family === "ipv4";
        for (const caused of outcome.caused ?? []) {
          verdicts.push(
            judge(
              {
                ...caused,
                delivered: false,
                certain: outcome.certain,
                packet: lastOf(caused.steps) ?? caused.packet,
              },
              at,
            ),
          );
        }
        const wrong = verdicts.find(
          ({ difference, missing }) => difference !== undefined && !(limited && missing === true),
        );
        if (wrong === undefined) {
          const [, ...answers] = verdicts;
          const caused = outcome.caused?.filter((_, index) => answers[index]?.missing !== true) ?? [];
          chosen = { ...outcome, caused };
          unsaid = caused.length < (outcome.caused?.length ?? 0);
          for (const { used } of verdicts) take(at, used);
          passes += 1 + caused.length;
          break;
        }
        if (best === undefined || wrong.events > best.verdict.events)
          best = { verdict: wrong, text: wrong.difference ?? "" };
      }
      if (chosen === undefined) {
        const many = path.outcomes.length > 1 ? ` (none of ${path.outcomes.length} outcomes fits)` : "";
        return { text: `${best?.text}${many}`, accept, ended, counts };
      }
      if (!chosen.certain || chosen.drawn !== undefined || unsaid) {
        // From here on, the model does not know the header, or which counters a reply that was not sent would have
        // increased. So the rest is not compared.
        uncertain += 1;
        passes += 1;
        return { accept, ended, counts, guessed: true };
      }
      if (trackingOf(host, packet.family).kind === "off") untracked += 1;
      states.set(at, chosen.state);
      hits.push(...kindsOf(chosen.steps));
      countsOf(chosen.steps, counts.get(at));
      for (const caused of chosen.caused ?? []) countsOf(caused.steps, counts.get(at));
      const cross = (left: { dev: string | undefined } | undefined, leaving: Packet): void => {
        const far = left?.dev === undefined ? undefined : peerOf[left.dev];
        if (far === undefined || left?.dev === undefined) return;
        const { owner: _owner, ...header } = leaving;
        const { pktType } = linkAddress(leaving.dst, "");
        const arriving = { ...header, mark: 0, macSrc: macOf[left.dev] ?? "", pktType };
        if (far.at !== "ends") queue.push({ at: far.at, packet: arriving, entry: { in: far.device }, first });
        else if (first)
          ended = { ...ended, packet: leaving, answers: { at, entry: { in: left.dev }, packet: leaving } };
      };
      cross(chosen.left, chosen.packet);
      if (first && chosen.delivered)
        ended = { ...ended, answers: { at, entry: { local: true }, packet: chosen.packet } };
      for (const caused of chosen.caused ?? []) {
        const before = queue.length;
        const keep = ended;
        cross(caused.left, lastOf(caused.steps) ?? caused.packet);
        ended = keep;
        for (let i = before; i < queue.length; i += 1) {
          const waiting = queue[i];
          if (waiting) queue[i] = { ...waiting, first: false };
        }
      }
    }
    for (const name of routers) {
      const extra = unused.get(name)?.[0];
      if (extra === undefined) continue;
      const { src, dst, protocol, sport, dport, icmp } = extra.header ?? {};
      const text = `${name}: the kernel saw a packet that was not predicted: ${protocol} ${src}:${sport ?? ""} → ${dst}:${dport ?? ""} ${icmp ? `type ${icmp.type} code ${icmp.code}` : ""}`;
      return { text, accept, ended, counts };
    }
    return { accept, ended, counts };
  }

  async #counters(): Promise<ReadonlyMap<RouterName, Ruleset>> {
    const both = await Promise.all(
      routers.map(async (name) => [name, await this.#world.counters(name, this.#case)] as const),
    );
    return new Map(both);
  }

  async #grownDifference(
    before: ReadonlyMap<RouterName, Ruleset>,
    predicted: ReadonlyMap<RouterName, ReadonlyMap<string, number>>,
  ): Promise<string | undefined> {
    const after = await this.#counters();
    for (const name of routers) {
      const [old, now] = [before.get(name), after.get(name)];
      if (!old || !now) continue;
      const start = counted(old);
      const grown = new Map([...counted(now)].map(([key, count]) => [key, count - (start.get(key) ?? 0)]));
      const text = countDifference(name, predicted.get(name) ?? new Map(), grown);
      if (text !== undefined) return text;
    }
    return undefined;
  }
}

function kindsOf(steps: readonly Step[]): string[] {
  return steps.flatMap((step) =>
    (step.kind === "rule" || step.kind === "return") && step.rule !== undefined
      ? [...step.rule.matches.map(({ kind }) => kind), `→ ${step.rule.action.kind}`]
      : [],
  );
}

function lastOf(steps: readonly { readonly after: Packet }[]): Packet | undefined {
  return steps.at(-1)?.after;
}

function linkAddress(
  dst: string,
  own: string,
): { mac: string; pktType: "unicast" | "broadcast" | "multicast" } {
  if (/^ff/.test(dst)) return { mac: "33:33:00:00:00:01", pktType: "multicast" };
  if (/^22[4-9]\./.test(dst)) return { mac: "01:00:5e:00:00:01", pktType: "multicast" };
  if (/\.255$/.test(dst)) return { mac: "ff:ff:ff:ff:ff:ff", pktType: "broadcast" };
  return { mac: own, pktType: "unicast" };
}

/** Returns the packet counters by rule: `filter FORWARD 2`. */
function counted(ruleset: Ruleset): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [table, { chains }] of ruleset.tables) {
    for (const [chain, { policy, counters, rules }] of chains) {
      if (policy !== undefined) counts.set(`${table} ${chain} policy`, counters?.packets ?? 0);
      for (const rule of rules) counts.set(`${table} ${chain} ${rule.index}`, rule.counters?.packets ?? 0);
    }
  }
  return counts;
}

function countDifference(
  name: RouterName,
  predicted: ReadonlyMap<string, number>,
  real: ReadonlyMap<string, number>,
): string | undefined {
  for (const key of new Set([...predicted.keys(), ...real.keys()])) {
    const [wanted, found] = [predicted.get(key) ?? 0, real.get(key) ?? 0];
    // iptables-nft also prints base chains that it has not created. Their counters stay 0.
    if (wanted !== found && !(key.endsWith("policy") && found === 0)) {
      return `${name}: ${key} was predicted to count ${wanted}, but counted ${found}`;
    }
  }
  return undefined;
}

function eventText(name: RouterName, event: TraceEvent): string {
  if (event.kind === "packet") {
    const { src, dst, sport, dport, protocol, ttl, in: input, out, mark } = event.header;
    return `${name} ${event.id} ${event.table} ${event.chain} ${protocol} ${src}:${sport ?? ""} → ${dst}:${dport ?? ""} ttl ${ttl} in ${input ?? ""} out ${out ?? ""} ${mark === undefined ? "" : `mark ${mark}`}`;
  }
  const text = event.kind === "rule" ? ` #${event.handle} ${event.text}` : "";
  return `${name} ${event.id}   ${event.table} ${event.chain} ${event.kind}${text} ${JSON.stringify(event.verdict)}`;
}
