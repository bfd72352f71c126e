import type { Action } from "../../../model/action";
import { mark, masked } from "../../values/marks";
import { number, oneOf, text, U16, U32, U64, whole } from "../../values/numbers";
import { port } from "../../values/ports";
import { address, mac, prefixLength } from "../../values/prefix";
import { type Extension, flag, type Kind, option, Refusal, target } from "../declare";
import { first } from "../option-values";
import { note } from "../shared/side-effect-target";

const TPROXY = target("TPROXY", {
  tables: ["mangle"],
  hooks: ["PREROUTING"],
  protocols: [6, 17],
  options: [
    option("on-port", port, { required: true }),
    option("on-ip", address, {
      byDefault: ({ family }) => [family === "ipv6" ? "::" : "0.0.0.0"],
    }),
    option("tproxy-mark", mark({ alwaysMask: true }), { byDefault: () => ["0x0/0x0"] }),
  ],
  act: (options): Action => {
    const to = options.get("on-ip")?.values[0];
    const open = to === undefined || to === "0.0.0.0" || to === "::";
    return {
      kind: "tproxy",
      ...(open ? {} : { address: to }),
      port: Number(first(options, "on-port")),
      mark: masked(first(options, "tproxy-mark", "0x0/0x0")),
    };
  },
});

const gateway: Kind = {
  ...address,
  read: (word, context) => {
    const to = address.read(word, context);
    if (to === "0.0.0.0" || to === "::")
      throw new Refusal(`no packet can be sent to ${to}`, "an address of a host");
    return to;
  },
};

const TEE = target("TEE", {
  options: [option("gateway", gateway, { required: true }), option("oif", text(15, false, 0))],
  act: note("TEE"),
});

/** As sscanf's %x:%x reads it; of each number 16 bits are kept, and the rest of the word is not looked at. */
const CLASS = /^\s*([+-]?(?:0[xX])?[0-9a-fA-F]+):\s*([+-]?(?:0[xX])?[0-9a-fA-F]+)/;

function sixteenBits(word: string): string {
  const digits = BigInt(`0x${word.replace(/^[+-]?(?:0[xX])?/, "")}`);
  const value = digits > U64 ? U64 : word.startsWith("-") ? -digits : digits;
  return BigInt.asUintN(16, value).toString(16).padStart(4, "0");
}

const classId: Kind = {
  what: "MAJOR:MINOR in hexadecimal",
  read: (word) => {
    const [, major, minor] = CLASS.exec(word) ?? [];
    if (major === undefined || minor === undefined)
      throw new Refusal(`"${word}" is not a class`, "MAJOR:MINOR in hexadecimal");
    return `${sixteenBits(major)}:${sixteenBits(minor)}`;
  },
};

const CLASSIFY = target("CLASSIFY", {
  hooks: ["FORWARD", "OUTPUT", "POSTROUTING"],
  options: [option("set-class", classId, { required: true })],
  act: note("CLASSIFY"),
});

/** Queues 0 to 65535, but not all of them: the kernel keeps how many there are in 16 bits. Without an end, 65534. */
const balance: Kind = {
  what: "FIRST:LAST",
  read: (word) => {
    const colon = word.indexOf(":");
    if (colon < 0) throw new Refusal(`"${word}" is one queue`, "FIRST:LAST");
    const low = word.slice(0, colon);
    const high = word.slice(colon + 1);
    const from = low === "" ? 0n : whole(low, 0, U16, "a queue");
    const to = high === "" ? BigInt(U16) - 1n : whole(high, 0, U16, "a queue");
    if (to - from === BigInt(U16))
      throw new Refusal(`range "${word}" holds all queues`, "at most 65535 of them");
    if (from >= to) throw new Refusal(`range "${word}" is empty`, "the smaller queue first");
    return `${from}:${to}`;
  },
};

const NFQUEUE = target("NFQUEUE", {
  options: [
    option("queue-num", number(0, U16), { excludes: ["queue-balance"] }),
    option("queue-balance", balance, { excludes: ["queue-num"] }),
    flag("queue-bypass"),
    flag("queue-cpu-fanout", { needs: ["queue-balance"] }),
  ],
  check: (options) => {
    if (!options.has("queue-balance") && !options.has("queue-num"))
      options.set("queue-num", { inverted: false, values: ["0"] });
  },
  act: (): Action => ({ kind: "queue" }),
});

const hex = (digits: number, max: number): Kind => ({
  what: "a number",
  read: (word) => `0x${whole(word, 0, max, "a number").toString(16).padStart(digits, "0")}`,
});

const TUPLE = ["src", "dst", "sport", "dport", "spi", "proto", "ct"];

const tuple: Kind = {
  what: `a list of ${TUPLE.join(", ")}`,
  read: (word) => {
    for (const each of word.split(","))
      if (!TUPLE.includes(each)) throw new Refusal(`"${each}" is no part of a tuple`, TUPLE.join(", "));
    return word;
  },
};

/** Parts of a tuple as the masks that they stand for; only `ct` is kept as a tuple (libxt_HMARK.c). */
const TUPLE_MASKS: readonly (readonly [string, string, string | undefined])[] = [
  ["src", "hmark-src-prefix", undefined],
  ["dst", "hmark-dst-prefix", undefined],
  ["sport", "hmark-sport-mask", "0xffff"],
  ["dport", "hmark-dport-mask", "0xffff"],
  ["spi", "hmark-spi-mask", "0xffffffff"],
  ["proto", "hmark-proto-mask", "0xff"],
];

const PORT_PARTS = ["hmark-sport-mask", "hmark-dport-mask"];

const PORTS = ["hmark-sport", "hmark-dport"];

/** What of a packet a mark can be made of: one of these is needed. */
const HASHED = new Set([...TUPLE_MASKS.map(([, name]) => name), ...PORTS, "hmark-spi", "hmark-tuple"]);

const HMARK = target("HMARK", {
  options: [
    option("hmark-src-prefix", prefixLength("whole")),
    option("hmark-dst-prefix", prefixLength("whole")),
    option("hmark-sport-mask", hex(4, U16)),
    option("hmark-dport-mask", hex(4, U16)),
    option("hmark-spi-mask", hex(8, U32), { excludes: PORT_PARTS }),
    option("hmark-sport", hex(4, U16)),
    option("hmark-dport", hex(4, U16)),
    option("hmark-spi", hex(8, U32)),
    option("hmark-proto-mask", hex(2, U16)),
    option("hmark-rnd", hex(8, U32), { required: true }),
    option("hmark-mod", number(1, U32), { required: true }),
    option("hmark-offset", number(0, U32)),
    option("hmark-tuple", tuple),
  ],
  check: (options, { family }) => {
    if (![...options.keys()].some((name) => HASHED.has(name)))
      throw new Refusal(
        "HMARK without anything to hash",
        "--hmark-tuple src,dst or another part of a packet",
      );
    const parts = first(options, "hmark-tuple").split(",");
    const order = [...options.keys()];
    for (const [part, name] of TUPLE_MASKS)
      if (parts.includes(part) && order.indexOf(name) > order.indexOf("hmark-tuple"))
        throw new Refusal(`--hmark-tuple ${part} says --${name} again`, "one of them");
    options.delete("hmark-tuple");
    for (const [part, name, mask] of TUPLE_MASKS)
      if (parts.includes(part))
        options.set(name, { inverted: false, values: [mask ?? (family === "ipv6" ? "128" : "32")] });
    if (options.has("hmark-spi") && PORTS.some((name) => options.has(name)))
      throw new Refusal("HMARK with ports and an SPI", "--hmark-spi, or --hmark-sport and --hmark-dport");
    if (parts.includes("ct")) options.set("hmark-tuple", { inverted: false, values: ["ct"] });
  },
});

/** The label becomes a file below /sys/class/xt_idletimer. */
const label: Kind = {
  ...text(27, false),
  read: (word, context) => {
    if (word.includes("/")) throw new Refusal(`"${word}" names no file`, 'a label without "/"');
    return text(27).read(word, context);
  },
};

/** The kernel counts a timer in milliseconds of 31 bits (xt_IDLETIMER.c). */
const MOST_SECONDS = 2147482;

const IDLETIMER = target("IDLETIMER", {
  options: [
    option("timeout", number(1, MOST_SECONDS), { required: true }),
    option("label", label, { required: true }),
    flag("alarm"),
  ],
  act: note("IDLETIMER"),
});

const LED = target("LED", {
  options: [
    option("led-trigger-id", text(16, "always"), { required: true }),
    option("led-delay", {
      what: "milliseconds, or inf",
      read: (word) => (word === "inf" ? word : String(whole(word, 0, U32, "milliseconds"))),
    }),
    flag("led-always-blink"),
  ],
  act: note("LED"),
});

const AUDIT = target("AUDIT", {
  options: [option("type", oneOf(["accept", "drop", "reject"], true), { required: true })],
  act: note("AUDIT"),
});

const CLUSTERIP = target("CLUSTERIP", {
  families: ["ipv4"],
  hooks: ["INPUT"],
  options: [
    flag("new"),
    option("hashmode", oneOf(["sourceip", "sourceip-sourceport", "sourceip-sourceport-destport"])),
    option("clustermac", mac),
    option("total-nodes", number(1, 16)),
    option("local-node", number(1, 16)),
    option("hash-init", number(0, U32)),
  ],
});

const ULOG = target("ULOG", {
  families: ["ipv4"],
  options: [
    option("ulog-prefix", text(31)),
    option("ulog-nlgroup", number(1, 32)),
    option("ulog-cprange", number(0, U32)),
    option("ulog-qthreshold", number(1, 50)),
  ],
  act: note("ULOG"),
});

export const STEER_TARGETS: readonly Extension[] = [
  TPROXY,
  TEE,
  CLASSIFY,
  NFQUEUE,
  HMARK,
  IDLETIMER,
  LED,
  AUDIT,
  CLUSTERIP,
  ULOG,
];
