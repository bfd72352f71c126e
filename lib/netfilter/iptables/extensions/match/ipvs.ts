import type { Context } from "../../context";
import { prefix } from "../../values/address/prefix";
import { oneOf } from "../../values/list";
import { readNumber } from "../../values/number";
import { decimalPort } from "../../values/port";
import { readProtocol } from "../../values/protocol";
import type { ValueType } from "../../values/value-type";
import { invertible, match, option } from "../declare";

const protocol: ValueType = {
  expected: "a protocol",
  read: (word) => {
    const value = readNumber(word);
    return String(value ?? readProtocol(word));
  },
};

const portOf: ValueType = {
  ...decimalPort,
  read: (word, context: Context) => decimalPort.read(word, context),
};

const IPVS = ["ipvs", "vproto", "vaddr", "vport", "vdir", "vmethod", "vportctl"];

/** Matches connections that IPVS balances (xt_ipvs.c). */
export const ipvs = match("ipvs", {
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
