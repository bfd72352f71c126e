import { LabError } from "../engine";
import type { LabContext } from "./context/lab-context";
import { commandError, inNamespace } from "./link/ip";
import type { LabLink } from "./link/link";
import type { ContainerPlace } from "./place/place";

/** Something that was broken on purpose. It is repaired by `undo`, and in any case when the lab closes. */
export interface Failure {
  /** What was done, as one would type it. */
  readonly shell: string;
  /** Where the machine could not do quite what was asked: what it does instead. */
  readonly note?: string;
  /** Repairs it. A second time does nothing. */
  undo(): Promise<void>;
}

/** A rule to take out: its chain, and its number there as `iptables -L --line-numbers` counts. */
export interface RuleAt {
  /** Default: `filter`. */
  readonly table?: "raw" | "mangle" | "nat" | "filter" | "security";
  readonly chain: string;
  readonly number: number;
}

/** Breaks parts of a lab, so that one can see what happens then. */
export class Failures {
  /** The root qdiscs that were put on each link, the one that counts last. */
  readonly #qdiscs = new Map<string, readonly (readonly string[])[]>();
  readonly #context: LabContext;

  constructor(context: LabContext) {
    this.#context = context;
  }

  /** A cable that is pulled. Its routes come back with it. Shell: `ip link set NAME down`. */
  async down(link: LabLink): Promise<Failure> {
    const { place, name } = link;
    const routes = (await inNamespace(place, ["ip", "-4", "route", "show", "dev", name]))
      .split("\n")
      .filter(Boolean);
    await link.down();
    return this.#failure(`ip link set ${name} down`, async () => {
      await link.up();
      for (const route of routes) {
        const words = route
          .replace(/\b(?:linkdown|dead)\b/g, "")
          .trim()
          .split(/\s+/);
        await inNamespace(place, ["ip", "route", "replace", ...words, "dev", name]);
      }
    });
  }

  /**
   * Loses that part of the packets that leave by a link. Shell: `tc qdisc add dev NAME root netem loss 20%`; on a kernel
   * without netem, a rule with `-m statistic` that drops.
   *
   * @param percent - 0 to 100.
   */
  async loss(link: LabLink, percent: number): Promise<Failure> {
    checkPercent(percent, link);
    const netem = await this.#netem(link, ["loss", `${percent}%`]);
    if (netem) return netem;
    const chance = ["-m", "statistic", "--mode", "random", "--probability", String(percent / 100)];
    const rule = ["POSTROUTING", "-o", link.name, ...(percent === 100 ? [] : chance), "-j", "DROP"];
    return this.#rule(link.place, "mangle", rule, "this kernel has no netem: a rule drops instead");
  }

  /**
   * Delays what leaves by a link. Shell: `tc qdisc add dev NAME root netem delay 100ms`; on a kernel without netem, a
   * token bucket that lets one full packet pass in that time.
   */
  async delay(link: LabLink, milliseconds: number): Promise<Failure> {
    const netem = await this.#netem(link, ["delay", `${milliseconds}ms`]);
    if (netem) return netem;
    const burst = 1_600;
    const rate = Math.max(8, Math.round((burst * 8 * 1_000) / milliseconds));
    const bucket = ["tbf", "rate", `${rate}bit`, "burst", String(burst), "latency", `${milliseconds * 50}ms`];
    const note = `this kernel has no netem: a token bucket of ${rate} bit/s, so a full packet takes ${milliseconds} ms and the first ones none`;
    return this.#qdisc(link, bucket, note);
  }

  /**
   * Sends that part of the packets twice. Shell: `tc qdisc add dev NAME root netem duplicate 10%`.
   *
   * @throws LabError `NOT_SUPPORTED` on a kernel without netem.
   */
  async duplicate(link: LabLink, percent: number): Promise<Failure> {
    checkPercent(percent, link);
    const netem = await this.#netem(link, ["duplicate", `${percent}%`]);
    if (netem) return netem;
    throw new LabError("NOT_SUPPORTED", {
      where: link.toString(),
      found: "packets are duplicated by netem, and this machine's kernel has none",
      advice: "Load it (sudo modprobe sch_netem), or inject a loss: that needs no netem.",
    });
  }

  /**
   * Cuts a place off from all others, as when its switch fails: nothing comes in or goes out by its uplink. Its routes,
   * and what goes on inside it, stay. Shell: `iptables -t raw -I PREROUTING -i eth0 -j DROP` and the same for output.
   *
   * @param uplink - default: the link of its default route.
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

  /** Stops a place from passing packets on. Shell: `sysctl -w net.ipv4.ip_forward=0`. */
  async noForwarding(place: ContainerPlace): Promise<Failure> {
    const before = (await place.snapshot()).sysctls?.["net.ipv4.ip_forward"] ?? "1";
    await setSysctl(place, "net.ipv4.ip_forward", "0");
    // Of two of these only the first has something to restore.
    return this.#failure("sysctl -w net.ipv4.ip_forward=0", async () => {
      if (before !== "0") await setSysctl(place, "net.ipv4.ip_forward", before);
    });
  }

  /** Takes a rule out; it comes back where it was. Shell: `iptables -t TABLE -D CHAIN NUMBER`. */
  async dropRule(place: ContainerPlace, { table = "filter", chain, number }: RuleAt): Promise<Failure> {
    const listed = (await inNamespace(place, ["iptables", "-t", table, "-S", chain])).split("\n");
    const rule = listed.filter((line) => line.startsWith("-A "))[number - 1];
    if (rule === undefined) {
      throw new LabError("UNKNOWN_PLACE", {
        where: `${place.name}, ${table} ${chain}`,
        found: `there is no rule number ${number}`,
        advice: `See the rules with their numbers: iptables -t ${table} -L ${chain} --line-numbers.`,
      });
    }
    await inNamespace(place, ["iptables", "-t", table, "-D", chain, String(number)]);
    return this.#failure(`iptables -t ${table} -D ${chain} ${number}`, async () => {
      // The rest of the line is in iptables-save's own quoting, which iptables-restore reads and a shell does not.
      const rest = rule.slice(`-A ${chain}`.length);
      const command = `-I ${chain} ${number}${rest}`;
      const { shell } = await place.netnsHandle();
      const restore = `iptables-restore --noflush <<'RULES'\n*${table}\n${command}\nCOMMIT\nRULES`;
      const { exitCode, stderr } = await shell.run(restore);
      if (exitCode !== 0) throw commandError(place.name, [command], stderr);
    });
  }

  /** Ends a container as the kernel would; undo starts it again. Shell: `docker kill`. */
  async kill(place: ContainerPlace): Promise<Failure> {
    await place.engine.containers.kill(place.container);
    return this.#failure(`docker kill ${place.name}`, () =>
      place.engine.containers.start(place.container, place.name),
    );
  }

  async #netem(link: LabLink, words: readonly string[]): Promise<Failure | undefined> {
    try {
      return await this.#qdisc(link, ["netem", ...words]);
    } catch (error) {
      if (error instanceof LabError && error.code === "NOT_SUPPORTED") return undefined;
      throw error;
    }
  }

  async #qdisc(link: LabLink, words: readonly string[], note?: string): Promise<Failure> {
    const { place } = link;
    const key = link.toString();
    const argv = ["tc", "qdisc", "replace", "dev", link.name, "root", ...words];
    await inNamespace(place, argv);
    // A link has one root qdisc, so a second failure takes the place of the first until it is undone.
    this.#qdiscs.set(key, [...(this.#qdiscs.get(key) ?? []), argv]);
    const undo = async (): Promise<void> => {
      const active = this.#qdiscs.get(key) ?? [];
      const left = active.filter((each) => each !== argv);
      this.#qdiscs.set(key, left);
      if (active.at(-1) !== argv) return;
      await inNamespace(place, left.at(-1) ?? ["tc", "qdisc", "del", "dev", link.name, "root"]);
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
    return { shell, undo, ...(note === undefined ? {} : { note }) };
  }
}

function checkPercent(percent: number, link: LabLink): void {
  if (percent >= 0 && percent <= 100) return;
  throw new LabError("BAD_NUMBER", {
    where: link.toString(),
    found: `${percent} is no percentage`,
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
    found: "it has no default route, so which of its links leads to the others is not known",
    advice: 'Name the link: partition(place, "eth0").',
  });
}

// The engine mounts /proc/sys read-only into the container from which namespaces are entered; in a mount namespace of
// this one command's own it is writable, and what is written is the network namespace's.
async function setSysctl(place: ContainerPlace, name: string, value: string): Promise<void> {
  const path = `/proc/sys/${name.replaceAll(".", "/")}`;
  const { shell } = await place.netnsHandle();
  const write = `echo ${value} > ${path}`;
  const script = `unshare -m sh -c 'mount -o remount,bind,rw /proc/sys 2>/dev/null; ${write}'`;
  const { exitCode, stderr } = await shell.run(script);
  if (exitCode !== 0) throw commandError(place.name, ["sysctl", "-w", `${name}=${value}`], stderr);
}
