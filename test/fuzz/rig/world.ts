import type { Engine } from "../../../lib/engine";
import { inspectNamespace } from "../../../lib/inspect/collect";
import { LiveTrace } from "../../../lib/lab/trace/live/live-trace";
import { parseRuleset } from "../../../lib/netfilter/iptables";
import type { Host, Ruleset } from "../../../lib/netfilter/model";
import { hostOf } from "../../../lib/netfilter/traverse";
import { builtIn, dumpOf, type FuzzCase, type RouterName, routers } from "../case";
import { devicesOf } from "../generate/pool";
import { type Namespace, Rig } from "./rig";

/** MAC addresses. Both ends of a veth pair have the same one, so no neighbour resolution is needed (`arp off`). */
export const macOf: Readonly<Record<string, string>> = {
  a0: "02:00:00:00:00:0a",
  x0: "02:00:00:00:00:0b",
  b0: "02:00:00:00:00:0c",
  c0: "02:00:00:00:00:0c",
  d0: "02:00:00:00:00:0d",
  y0: "02:00:00:00:00:0e",
};

/** The veth peer of each router device, in the other router or in the `ends` netns. */
export const peerOf: Readonly<Record<string, { readonly at: RouterName | "ends"; readonly device: string }>> =
  {
    a0: { at: "ends", device: "e0" },
    x0: { at: "ends", device: "e1" },
    b0: { at: "r2", device: "c0" },
    c0: { at: "r1", device: "b0" },
    d0: { at: "ends", device: "e2" },
    y0: { at: "ends", device: "e3" },
  };

// Drops every packet that would reach a socket, after all other hooks. So the stack never replies by itself, and only
// the packets of the case are sent. The chains have the same priority as conntrack's last hooks (INT_MAX) and are
// registered first. nf_hook_entries_grow inserts a new hook before existing ones of equal priority, so these chains run
// after conntrack and see only confirmed packets, also if conntrack is registered later, for a rule of the case. The
// chains do not use conntrack themselves, so that the kernel tracks connections only if the rules of the case need it.
// IPv6's own multicast group reports are dropped before they reach the rules.
const sink = `
table inet wirebook-trace-sink {
  chain in { type filter hook input priority 2147483647; drop; }
  chain post { type filter hook postrouting priority 2147483647; }
  chain out { type filter hook output priority -360; ip6 daddr ff02::16 drop; }
}
`;
/** The topology ends – r1 – r2 – ends: two configurable routers, connected by veth pairs. */
export class World {
  readonly #rig: Rig;
  readonly #traces = new Map<RouterName, LiveTrace>();

  private constructor(rig: Rig) {
    this.#rig = rig;
  }

  static async start(engine: Engine): Promise<World> {
    const rig = await Rig.start(engine, ["ends", ...routers]);
    try {
      const ends = rig.namespace("ends");
      const mute = "for all in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 > $all; done";
      await ends.run(mute);
      for (const name of routers) await quiet(rig.namespace(name));
      for (const [device, peer] of Object.entries(peerOf)) {
        const at = routers.find((name) => devicesOf[name].some((each) => each === device));
        if (at === undefined || device === "c0") continue;
        const far = rig.namespace(peer.at);
        await rig
          .namespace(at)
          .run(`ip link add ${device} type veth peer name ${peer.device} netns ${far.pid}`);
      }
      await ends.run(
        `${mute}; ${["e0", "e1", "e2", "e3"].map((device) => `ip link set ${device} up arp off`).join("; ")}`,
      );
      for (const name of routers) await raise(rig.namespace(name), devicesOf[name]);
      return new World(rig);
    } catch (error) {
      await rig.remove();
      throw error;
    }
  }

  router(name: RouterName): Namespace {
    return this.#rig.namespace(name);
  }

  get ends(): Namespace {
    return this.#rig.namespace("ends");
  }

  trace(name: RouterName): LiveTrace {
    const trace = this.#traces.get(name);
    if (!trace) throw new Error(`no trace of ${name}`);
    return trace;
  }

  /**
   * Configures the routers for a case, and empties their conntrack tables.
   *
   * @returns the input of the model for each router, from a snapshot of its netns.
   * @throws RefusedCase when iptables or ip refuses the configuration.
   */
  async apply(wanted: FuzzCase): Promise<ReadonlyMap<RouterName, Host>> {
    // Wait for both routers before rethrowing, so that no command of this case overlaps with the next.
    const hosts = await Promise.allSettled(routers.map((name) => this.#applyTo(name, wanted)));
    return new Map(
      hosts.map((host, at) => {
        if (host.status === "rejected") throw host.reason;
        return [routers[at] ?? "r1", host.value] as const;
      }),
    );
  }

  async #applyTo(name: RouterName, { family, variant, routers: all }: FuzzCase): Promise<Host> {
    const router = all[name];
    const stopped = this.#traces.get(name)?.stop();
    this.#traces.delete(name);
    const program = family === "ipv4" ? "iptables" : "ip6tables";
    const ip = family === "ipv4" ? "-4" : "-6";
    const devices = devicesOf[name];
    const script = `
    ${reset(devices)}
    ip ${ip} -batch - <<'END' || exit 4
${router.addresses.map(([device, cidr]) => `addr add ${cidr} dev ${device}${family === "ipv6" ? " nodad" : ""}`).join("\n")}
${router.routes.map((route) => `route add ${route}`).join("\n")}
${router.policyRules.map((rule) => `rule add ${rule}`).join("\n")}
END
    ${router.sysctls.map(([path, value]) => `echo ${value} > /proc/sys/net/${path} || exit 5`).join("\n")}
    ${program}-${variant}-restore --wait <<'END' || exit 3
${dumpOf(router)}END
    conntrack -F 2>/dev/null`;
    const { exitCode, stderr } = await this.router(name).shell.run(`(${script})`);
    await stopped;
    if (exitCode !== 0) throw new RefusedCase(`${name}: ${refusal(stderr, script)}`, exitCode);
    // nft monitor reads the rules when it starts, and drops events of rules added later. So start one for each case.
    const flows = [{ family: "ipv4" }, { family: "ipv6" }] as const;
    const [trace, snapshot] = await Promise.all([
      LiveTrace.start(this.router(name), flows),
      inspectNamespace(this.router(name).shell, name),
    ]);
    this.#traces.set(name, trace);
    // Tables of the other implementation are empty. They only accept packets, so the model ignores them.
    return hostOf({
      ...snapshot,
      iptables: (snapshot.iptables ?? []).filter(
        (dump) => dump.variant === variant && dump.family === family,
      ),
    });
  }

  /** Reads the loaded rules with their counters. */
  async counters(name: RouterName, { family, variant }: FuzzCase): Promise<Ruleset> {
    const program = family === "ipv4" ? "iptables" : "ip6tables";
    return parseRuleset(await this.router(name).run(`${program}-${variant}-save -c`), { family });
  }

  async remove(): Promise<void> {
    await Promise.all([...this.#traces.values()].map((trace) => trace.stop()));
    await this.#rig.remove();
  }
}

/** Thrown when iptables or ip refuses a case. Such a case does not test the model. */
export class RefusedCase extends Error {
  /** The command that failed. 3: iptables-restore, 4: ip, 5: a sysctl. */
  readonly step: number;

  constructor(message: string, step: number) {
    super(message);
    this.step = step;
  }
}

// iptables-restore and ip report the number of the input line that failed.
function refusal(stderr: string, script: string): string {
  const line = Number(
    /line:? (\d+)|failed -:(\d+)/
      .exec(stderr)
      ?.slice(1)
      .find((each) => each !== undefined),
  );
  const batch = /failed -:/.test(stderr) ? " -batch - <<'END' ||" : "-restore --wait <<'END' ||";
  const begin = script.indexOf("\n", script.lastIndexOf(batch)) + 1;
  return `${stderr.trim().split("\n").slice(0, 2).join(" ")} (${script.slice(begin).split("\n")[line - 1] ?? ""})`;
}

const tables = ["raw", "mangle", "nat", "filter", "security"] as const;

// Removes all addresses, routes and rules from a router. `add` before `delete`, because the table may not exist.
function reset(devices: readonly string[]): string {
  const nft = ["ip", "ip6"].flatMap((family) =>
    tables.flatMap((table) => [`add table ${family} ${table}`, `delete table ${family} ${table}`]),
  );
  const off = ["rp_filter", "route_localnet", "accept_local", "src_valid_mark"].flatMap((key) =>
    ["all", ...devices].map((device) => `echo 0 > /proc/sys/net/ipv4/conf/${device}/${key}`),
  );
  const preferences = [1000, 1001, 1002, 1003, 1004, 1005].map((pref) => `rule del pref ${pref}`);
  const leftovers = ["route flush table 100", ...preferences].join("\n");
  const legacy = tables.map(
    (table) => `*${table}\n${builtIn[table].map((chain) => `:${chain} ACCEPT [0:0]\n`).join("")}COMMIT`,
  );
  return `${off.join("\n")}
    echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
    echo 0 > /proc/sys/net/ipv4/fwmark_reflect; echo 1 > /proc/sys/net/netfilter/nf_conntrack_tcp_loose
    nft -f - <<'END'
${nft.join("\n")}
END
    for program in iptables ip6tables; do
      if read -r table < /proc/net/$( [ $program = iptables ] && echo ip || echo ip6 )_tables_names; then
        $program-legacy-restore --wait <<'END'
${legacy.join("\n")}
END
      fi
    done 2>/dev/null
    ip -force -batch - 2>/dev/null <<'END'
${[...devices, "lo"].map((device) => `addr flush dev ${device} scope global`).join("\n")}
route flush table main
${leftovers}
END
    ip -6 -force -batch - 2>/dev/null <<'END'
route flush table main
${leftovers}
END`;
}

async function quiet(router: Namespace): Promise<void> {
  await router.run(`
    for conf in all default; do
      echo 0 > /proc/sys/net/ipv6/conf/$conf/accept_ra
      echo 0 > /proc/sys/net/ipv6/conf/$conf/router_solicitations
      echo 0 > /proc/sys/net/ipv6/conf/$conf/autoconf
      echo 0 > /proc/sys/net/ipv4/conf/$conf/send_redirects
    done
    echo 0 > /proc/sys/net/ipv4/icmp_ratelimit; echo 0 > /proc/sys/net/ipv4/icmp_ratemask
    echo 0 > /proc/sys/net/ipv6/icmp/ratelimit
    nft -f - <<'END'\n${sink}END
    echo 1 > /proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal`);
}

async function raise(router: Namespace, devices: readonly string[]): Promise<void> {
  await router.run(
    devices
      .map(
        (device) =>
          `ip link set ${device} addrgenmode none address ${macOf[device]} arp off; ip link set ${device} up`,
      )
      .join("\n"),
  );
}
