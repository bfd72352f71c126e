import { LabError } from "../../engine";
import { withoutUndefined } from "../../without-undefined";
import type { LabContext } from "../context/lab-context";
import { commandError, inNamespace } from "../link/ip";
import type { LabLink } from "../link/link";
import type { ContainerPlace } from "../place/place";
import type { Failure, RuleAt } from "./failure";
import { setSysctl } from "./sysctl";

/**
 * Injects failures into a lab. Use it as `lab.failures`.
 *
 * @example
 * import { Lab } from "wirebook";
 * const lab = await Lab.open("failures-example");
 * const [a, b] = await Promise.all([lab.netns("a"), lab.netns("b")]);
 * const cable = await lab.veth({ place: a, name: "eth0" }, { place: b, name: "eth0" });
 * await lab.failures.down(cable.a);
 * await lab.close();
 */
export class Failures {
  /** For each link, the arguments of the `tc` commands that set its root qdisc; the last one is in effect. */
  readonly #qdiscs = new Map<string, readonly (readonly string[])[]>();
  readonly #context: LabContext;

  constructor(context: LabContext) {
    this.#context = context;
  }

  /**
   * Sets a link down, as if its cable were unplugged. The kernel removes the link's routes; undo restores them.
   *
   * Shell: `ip link set NAME down`.
   */
  async down(link: LabLink): Promise<Failure> {
    const { place, name } = link;
    const routes = (await inNamespace(place, ["ip", "-4", "route", "show", "dev", name]))
      .split("\n")
      .filter(Boolean);
    await link.down();
    return this.#failure(`ip link set ${name} down`, async () => {
      await link.up();
      for (const route of routes) {
        const args = route
          .replace(/\b(?:linkdown|dead)\b/g, "")
          .trim()
          .split(/\s+/);
        await inNamespace(place, ["ip", "route", "replace", ...args, "dev", name]);
      }
    });
  }

  /**
   * Drops a random part of the packets that leave through a link.
   *
   * Shell: `tc qdisc replace dev NAME root netem loss 20%`; on a kernel without netem,
   * `iptables -t mangle -I POSTROUTING -o NAME -m statistic --mode random --probability 0.2 -j DROP`.
   *
   * @param percent - share of the packets to drop, 0 to 100.
   * @throws LabError `BAD_NUMBER`.
   */
  async loss(link: LabLink, percent: number): Promise<Failure> {
    checkPercent(percent, link);
    const netem = await this.#netem(link, ["loss", `${percent}%`]);
    if (netem) return netem;
    const chance = ["-m", "statistic", "--mode", "random", "--probability", String(percent / 100)];
    const rule = ["POSTROUTING", "-o", link.name, ...(percent === 100 ? [] : chance), "-j", "DROP"];
    return this.#rule(
      link.place,
      "mangle",
      rule,
      "this kernel has no netem: an iptables rule drops the packets",
    );
  }

  /**
   * Delays the packets that leave through a link.
   *
   * Shell: `tc qdisc replace dev NAME root netem delay 100ms`; on a kernel without netem, a token bucket filter
   * (tc-tbf(8)) whose rate makes one full-sized packet take that long.
   *
   * @param delayMs - milliseconds to add to each packet.
   */
  async delay(link: LabLink, delayMs: number): Promise<Failure> {
    const netem = await this.#netem(link, ["delay", `${delayMs}ms`]);
    if (netem) return netem;
    const burst = 1_600;
    const rate = Math.max(8, Math.round((burst * 8 * 1_000) / delayMs));
    const bucket = ["tbf", "rate", `${rate}bit`, "burst", String(burst), "latency", `${delayMs * 50}ms`];
    const note = `this kernel has no netem: a token bucket of ${rate} bit/s delays a full-sized packet by ${delayMs} ms, but not the first ones`;
    return this.#qdisc(link, bucket, note);
  }

  /**
   * Sends a random part of the packets that leave through a link twice.
   *
   * Shell: `tc qdisc replace dev NAME root netem duplicate 10%`.
   *
   * @param percent - share of the packets to duplicate, 0 to 100.
   * @throws LabError `BAD_NUMBER`; `NOT_SUPPORTED` on a kernel without netem.
   */
  async duplicate(link: LabLink, percent: number): Promise<Failure> {
    checkPercent(percent, link);
    const netem = await this.#netem(link, ["duplicate", `${percent}%`]);
    if (netem) return netem;
    throw new LabError("NOT_SUPPORTED", {
      where: link.toString(),
      found: "duplicating packets needs netem, which this machine's kernel does not have",
      advice: "Load it (sudo modprobe sch_netem), or use failures.loss, which works without netem.",
    });
  }

  /**
   * Drops all packets that arrive or leave through a place's uplink, as if its switch failed. Its routes and the traffic
   * inside it are not affected.
   *
   * Shell: `iptables -t raw -I PREROUTING -i eth0 -j DROP`, `iptables -t mangle -I POSTROUTING -o eth0 -j DROP`.
   *
   * @param uplink - name of the link. Default: the link of the default route.
   * @throws LabError `UNKNOWN_PLACE` if `uplink` is omitted and the place has no default route.
   */
  async partition(place: ContainerPlace, uplink?: string): Promise<Failure> {
    const link = uplink ?? (await defaultLink(place));
    const into = await this.#rule(place, "raw", ["PREROUTING", "-i", link, "-j", "DROP"]);
    const out = await this.#rule(place, "mangle", ["POSTROUTING", "-o", link, "-j", "DROP"]);
    return this.#failure(`${into.shell}; ${out.shell}`, async () => {
      await out.undo();
      await into.undo();
    });
  }

  /** Stops a place from forwarding packets between its links. Shell: `sysctl -w net.ipv4.ip_forward=0`. */
  async noForwarding(place: ContainerPlace): Promise<Failure> {
    const before = (await place.snapshot()).sysctls?.["net.ipv4.ip_forward"] ?? "1";
    await setSysctl(place, "net.ipv4.ip_forward", "0");
    // If forwarding was already off (a second failure of this kind), there is nothing to restore.
    return this.#failure("sysctl -w net.ipv4.ip_forward=0", async () => {
      if (before !== "0") await setSysctl(place, "net.ipv4.ip_forward", before);
    });
  }

  /**
   * Deletes an iptables rule. Undo inserts it at the same position.
   *
   * Shell: `iptables -t TABLE -D CHAIN NUMBER`.
   *
   * @throws LabError `UNKNOWN_PLACE` if the chain has no rule with that number.
   */
  async dropRule(place: ContainerPlace, { table = "filter", chain, number }: RuleAt): Promise<Failure> {
    const listed = (await inNamespace(place, ["iptables", "-t", table, "-S", chain])).split("\n");
    const rule = listed.filter((line) => line.startsWith("-A "))[number - 1];
    if (rule === undefined) {
      throw new LabError("UNKNOWN_PLACE", {
        where: `${place.name}, ${table} ${chain}`,
        found: `there is no rule number ${number}`,
        advice: `List the rules with their numbers: iptables -t ${table} -L ${chain} --line-numbers.`,
      });
    }
    await inNamespace(place, ["iptables", "-t", table, "-D", chain, String(number)]);
    return this.#failure(`iptables -t ${table} -D ${chain} ${number}`, async () => {
      // The line is quoted as in iptables-save(8) output. iptables-restore reads that format; a shell does not.
      const rest = rule.slice(`-A ${chain}`.length);
      const command = `-I ${chain} ${number}${rest}`;
      const { shell } = await place.netnsHandle();
      const restore = `iptables-restore --noflush <<'RULES'\n*${table}\n${command}\nCOMMIT\nRULES`;
      const { exitCode, stderr } = await shell.run(restore);
      if (exitCode !== 0) throw commandError(place.name, [command], stderr);
    });
  }

  /** Kills a container's main process with SIGKILL; undo starts the container again. Shell: `docker kill NAME`. */
  async kill(place: ContainerPlace): Promise<Failure> {
    await place.engine.containers.kill(place.container);
    return this.#failure(`docker kill ${place.name}`, () =>
      place.engine.containers.start(place.container, place.name),
    );
  }

  async #netem(link: LabLink, args: readonly string[]): Promise<Failure | undefined> {
    try {
      return await this.#qdisc(link, ["netem", ...args]);
    } catch (error) {
      if (error instanceof LabError && error.code === "NOT_SUPPORTED") return undefined;
      throw error;
    }
  }

  async #qdisc(link: LabLink, args: readonly string[], note?: string): Promise<Failure> {
    const { place } = link;
    const key = link.toString();
    const argv = ["tc", "qdisc", "replace", "dev", link.name, "root", ...args];
    await inNamespace(place, argv);
    // A link has only one root qdisc, so a second failure replaces the first until it is undone.
    this.#qdiscs.set(key, [...(this.#qdiscs.get(key) ?? []), argv]);
    const undo = async (): Promise<void> => {
      const active = this.#qdiscs.get(key) ?? [];
      const remaining = active.filter((each) => each !== argv);
      this.#qdiscs.set(key, remaining);
      if (active.at(-1) !== argv) return;
      await inNamespace(place, remaining.at(-1) ?? ["tc", "qdisc", "del", "dev", link.name, "root"]);
    };
    return this.#failure(argv.join(" "), undo, note);
  }

  async #rule(
    place: ContainerPlace,
    table: string,
    rule: readonly string[],
    note?: string,
  ): Promise<Failure> {
    const run = (verb: string): Promise<string> =>
      inNamespace(place, ["iptables", "-t", table, verb, ...rule]);
    await run("-I");
    return this.#failure(
      `iptables -t ${table} -I ${rule.join(" ")}`,
      async () => void (await run("-D")),
      note,
    );
  }

  #failure(shell: string, repair: () => Promise<void>, note?: string): Failure {
    let repaired: Promise<void> | undefined;
    const undo = (): Promise<void> => {
      repaired ??= repair();
      return repaired;
    };
    this.#context.onClose(undo);
    return { shell, undo, ...withoutUndefined({ note }) };
  }
}

function checkPercent(percent: number, link: LabLink): void {
  if (percent >= 0 && percent <= 100) return;
  throw new LabError("BAD_NUMBER", {
    where: link.toString(),
    found: `${percent} is not a percentage`,
    advice: "Give a number from 0 to 100.",
  });
}

async function defaultLink(place: ContainerPlace): Promise<string> {
  const route = (await place.snapshot()).routes.find(
    ({ destination, table }) => destination === "0.0.0.0/0" && table === "main",
  );
  if (route?.dev !== undefined) return route.dev;
  throw new LabError("UNKNOWN_PLACE", {
    where: place.name,
    found: "it has no default route that would show which link is its uplink",
    advice: 'Give the name of the link: partition(place, "eth0").',
  });
}
