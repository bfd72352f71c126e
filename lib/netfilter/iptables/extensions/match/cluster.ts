import { readProtocol } from "../../read/base-options";
import { number, oneOf, readNumber, text, U32, whole } from "../../values/numbers";
import { port } from "../../values/ports";
import { prefix } from "../../values/prefix";
import {
  type Context,
  type Extension,
  flag,
  invertible,
  type Kind,
  match,
  type Options,
  option,
  Refusal,
} from "../declare";

const cgroup = match("cgroup", {
  hooks: ["INPUT", "OUTPUT", "POSTROUTING"],
  oneOf: ["path", "cgroup"],
  options: [
    invertible("path", text(511, "always"), { excludes: ["cgroup"] }),
    invertible("cgroup", number(0, U32), { excludes: ["path"] }),
  ],
});

const hex8: Kind = {
  what: "a number of 32 bits",
  read: (word) => `0x${whole(word, 0, U32, "a number of 32 bits").toString(16).padStart(8, "0")}`,
};

/** Most nodes of a cluster (XT_CLUSTER_NODES_MAX). */
const NODES = 32;

/** Bounded as if it were a node's number (libxt_cluster.c): of the masks, only those of the first few nodes pass. */
const nodeMask: Kind = {
  what: `a mask of nodes, 1 to ${NODES}`,
  read: (word, context) => hex8.read(number(1, NODES, "a mask of nodes").read(word, context), context),
};

const cluster = match("cluster", {
  oneOf: ["cluster-local-node", "cluster-local-nodemask"],
  options: [
    invertible("cluster-local-node", number(1, NODES), { excludes: ["cluster-local-nodemask"] }),
    invertible("cluster-local-nodemask", nodeMask, { excludes: ["cluster-local-node"] }),
    option("cluster-total-nodes", number(1, NODES), { required: true }),
    option("cluster-hash-seed", hex8, { required: true }),
  ],
  check: (options) => {
    const total = Number(options.get("cluster-total-nodes")?.values[0]);
    const local = options.get("cluster-local-node");
    if (local && Number(local.values[0]) > total)
      throw new Refusal(`node ${local.values[0]} of ${total}`, `1 to ${total}`);
    const mask = Number(
      local ? 2 ** (Number(local.values[0]) - 1) : options.get("cluster-local-nodemask")?.values[0],
    );
    if (mask === 0) throw new Refusal("the mask names no node", "one bit for each node");
    if (mask >= 2 ** total) throw new Refusal("the mask names more nodes than there are", `${total} nodes`);
    const inverted = (local ?? options.get("cluster-local-nodemask"))?.inverted ?? false;
    options.delete("cluster-local-node");
    options.set("cluster-local-nodemask", { inverted, values: [`0x${mask.toString(16).padStart(8, "0")}`] });
  },
});

const cpu = match("cpu", { options: [invertible("cpu", number(0, U32), { required: true })] });

const shown = (value: bigint, names: ReadonlyMap<string, bigint>): string =>
  [...names].find(([, each]) => each === value)?.[0] ?? `0x${value.toString(16)}`;

/** A number or a name of iproute2's, which iptables-save prints where there is one and no mask. */
function named(names: ReadonlyMap<string, bigint>, what: string): Kind {
  return {
    what,
    read: (word) => {
      const known = names.get(word);
      if (known !== undefined) return shown(known, names);
      const [value = "", mask, ...more] = word.split("/");
      if (more.length > 0) throw new Refusal(`"${word}" has too many parts`, "VALUE[/MASK]");
      const number = whole(value, 0, U32, what);
      const masking = mask === undefined ? BigInt(U32) : whole(mask, 0, U32, "a mask");
      if (masking === BigInt(U32)) return shown(number, names);
      return `0x${number.toString(16)}/0x${masking.toString(16)}`;
    },
  };
}

/** As iproute2 ships them (/etc/iproute2/group, /etc/iproute2/rt_realms). */
const GROUPS = new Map([["default", 0n]]);
const REALMS = new Map([["cosmos", 0n]]);

const devgroup = match("devgroup", {
  hooks: (options) =>
    options.has("src-group")
      ? options.has("dst-group")
        ? ["FORWARD"]
        : ["PREROUTING", "INPUT", "FORWARD"]
      : ["FORWARD", "OUTPUT", "POSTROUTING"],
  oneOf: ["src-group", "dst-group"],
  options: [
    invertible("src-group", named(GROUPS, "a device group")),
    invertible("dst-group", named(GROUPS, "a device group")),
  ],
});

const realm = match("realm", {
  families: ["ipv4"],
  hooks: ["INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  options: [invertible("realm", named(REALMS, "a realm"), { required: true })],
});

const rpfilter = match("rpfilter", {
  tables: ["raw", "mangle"],
  hooks: ["PREROUTING"],
  options: [flag("loose"), flag("validmark"), flag("accept-local"), flag("invert")],
  lower: (options: Options) => [
    {
      kind: "rpfilter",
      inverted: options.has("invert"),
      loose: options.has("loose"),
      validMark: options.has("validmark"),
      acceptLocal: options.has("accept-local"),
    },
  ],
});

const socket = match("socket", {
  hooks: ["PREROUTING", "INPUT"],
  options: [flag("transparent"), flag("nowildcard"), flag("restore-skmark")],
});

const protocol: Kind = {
  what: "a protocol",
  read: (word) => {
    const value = readNumber(word);
    return String(value ?? readProtocol(word));
  },
};

const portOf: Kind = {
  ...port,
  read: (word, context: Context) => port.read(word, context),
};

const IPVS = ["ipvs", "vproto", "vaddr", "vport", "vdir", "vmethod", "vportctl"];

const ipvs = match("ipvs", {
  oneOf: IPVS,
  options: [
    invertible("ipvs", []),
    invertible("vproto", protocol),
    invertible("vaddr", prefix({ cut: false, full: false })),
    invertible("vport", portOf),
    option("vdir", oneOf(["ORIGINAL", "REPLY"], true)),
    invertible("vmethod", oneOf(["GATE", "IPIP", "MASQ"], true)),
    invertible("vportctl", portOf),
  ],
});

export const SYSTEM_MATCHES: readonly Extension[] = [
  cgroup,
  cluster,
  cpu,
  devgroup,
  realm,
  rpfilter,
  socket,
  ipvs,
];
