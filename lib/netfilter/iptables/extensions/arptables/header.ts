import { interfaceName } from "../../read/base-options";
import { etherType, macMask } from "../../values/ethernet";
import { readNumber, whole } from "../../values/numbers";
import { address, mac, prefix } from "../../values/prefix";
import { type Extension, invertible, type Kind, match, option, Refusal, target } from "../declare";
import { first } from "../option-values";

const ARP = ["arp"] as const;

const network = prefix({ cut: true, full: false });
const macs = macMask({ names: "resolved" });

/** `VALUE[/MASK]`; `base` is how a number without 0x is read, which differs from option to option. */
function maskedNumber(
  what: string,
  names: Readonly<Record<string, number>>,
  base: 10 | 16,
  hex: boolean,
  most: number,
): Kind {
  const read = (word: string): number => {
    const named = names[word.toLowerCase()];
    if (named !== undefined) return named;
    const value = readNumber(base === 16 && /^[0-9a-fA-F]+$/.test(word) ? `0x${word}` : word);
    if (value === undefined || value > BigInt(most))
      throw new Refusal(`"${word}" is not ${what}`, `${what}, 0 to ${most}`);
    return Number(value);
  };
  const shown = (value: number): string => (hex ? `0x${value.toString(16)}` : String(value));
  return {
    what,
    read: (word) => {
      const [value = "", mask] = word.split("/");
      const number = shown(read(value));
      return mask === undefined || read(mask) === most ? number : `${number}/${shown(read(mask))}`;
    },
  };
}

const OPCODES = {
  request: 1,
  reply: 2,
  request_reverse: 3,
  reply_reverse: 4,
  drarp_request: 5,
  drarp_reply: 6,
  drarp_error: 7,
  inarp_request: 8,
  arp_nak: 9,
};

const protoType: Kind = {
  ...maskedNumber("a protocol type", {}, 10, true, 0xffff),
  read: (word, context) => {
    const [name = "", mask] = word.split("/");
    const named = /^\d/.test(name) ? undefined : etherType(name);
    const value = named === undefined ? name : String(named);
    return maskedNumber("a protocol type", {}, 10, true, 0xffff).read(
      mask === undefined ? value : `${value}/${mask}`,
      context,
    );
  },
};

/** Everything that arptables matches: it has no `-m`. */
const header = match("header", {
  families: ARP,
  implicit: true,
  options: [
    invertible("in-interface", interfaceName, {
      letter: "i",
      silent: (given) => !given.inverted && given.values[0] === "+",
    }),
    invertible("out-interface", interfaceName, {
      letter: "o",
      silent: (given) => !given.inverted && given.values[0] === "+",
    }),
    invertible("source-ip", network, { letter: "s", aliases: ["source", "src-ip"] }),
    invertible("src-mac", macs, { aliases: ["source-mac"] }),
    invertible("destination-ip", network, { letter: "d", aliases: ["destination", "dst-ip"] }),
    invertible("dst-mac", macs, { aliases: ["destination-mac"] }),
    invertible("h-length", maskedNumber("a hardware address length", {}, 10, false, 255), {
      aliases: ["hlen"],
      silent: (given) => !given.inverted && given.values[0] === "6",
    }),
    invertible("opcode", maskedNumber("an opcode", OPCODES, 10, false, 0xffff)),
    invertible("h-type", maskedNumber("a hardware type", { ethernet: 1 }, 16, true, 0xffff), {
      silent: (given) => !given.inverted && given.values[0] === "0x1",
    }),
    invertible("proto-type", protoType),
  ],
  check: (options) => {
    const length = first(options, "h-length", "6");
    if (!length.includes("/") && length !== "6")
      throw new Refusal(`hardware addresses of ${length} bytes`, "6: only Ethernet is supported");
  },
});

const mangle = target("mangle", {
  families: ARP,
  oneOf: ["mangle-ip-s", "mangle-ip-d", "mangle-mac-s", "mangle-mac-d"],
  options: [
    option("mangle-ip-s", address),
    option("mangle-mac-s", mac),
    option("mangle-ip-d", address),
    option("mangle-mac-d", mac),
    option("mangle-target", {
      what: "DROP, CONTINUE or ACCEPT",
      read: (word) => {
        if (!["DROP", "CONTINUE", "ACCEPT"].includes(word))
          throw new Refusal(`"${word}" is no end of mangle`, "DROP, CONTINUE or ACCEPT");
        return word;
      },
    }),
  ],
});

const bits: Kind = {
  what: "a number of 32 bits",
  read: (word) => whole(word, 0, 0xffffffff, "a number of 32 bits").toString(16),
};

const MARKS = ["set-mark", "and-mark", "or-mark"];

const MARK = target("MARK", {
  families: ARP,
  oneOf: MARKS,
  options: MARKS.map((name) => option(name, bits, { excludes: MARKS.filter((each) => each !== name) })),
});

const CLASSIFY = target("CLASSIFY", {
  families: ARP,
  hooks: ["OUTPUT"],
  options: [
    option(
      "set-class",
      {
        what: "MAJOR:MINOR in hexadecimal",
        read: (word) => {
          const found = /^(?:0x)?([0-9a-fA-F]{1,4}):(?:0x)?([0-9a-fA-F]{1,4})$/.exec(word);
          if (!found) throw new Refusal(`"${word}" is not a class`, "MAJOR:MINOR in hexadecimal");
          return [found[1], found[2]].map((part) => Number.parseInt(part ?? "", 16).toString(16)).join(":");
        },
      },
      { required: true },
    ),
  ],
});

export const ARP_EXTENSIONS: readonly Extension[] = [header, mangle, MARK, CLASSIFY];
