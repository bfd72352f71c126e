import { prefix } from "../../../values/address/prefix";
import { paddedHex } from "../../../values/hex";
import { U8 } from "../../../values/number";
import { portRange } from "../../../values/port";
import type { ValueType } from "../../../values/value-type";
import { invertible, match } from "../../declare";
import { V6_TYPES } from "../../shared/icmp-type";
import { messageType } from "../message-type";
import { requireProtocol } from "../required-protocol";
import { checkUpperProtocol, protocol } from "../upper-protocol";

const IPV6 = 0x86dd;

const v6 = (kind: ValueType): ValueType => ({
  ...kind,
  read: (word, context) => kind.read(word, { ...context, family: "ipv6" }),
});

/** Matches fields of IPv6 packets and of the protocols above (ebt_ip6.c). */
export const ip6 = match("ip6", {
  families: ["bridge"],
  implicit: true,
  options: [
    invertible("ip6-src", v6(prefix({ cut: true, full: false })), { aliases: ["ip6-source"] }),
    invertible("ip6-dst", v6(prefix({ cut: true, full: false })), { aliases: ["ip6-destination"] }),
    invertible("ip6-tclass", paddedHex(2, U8, true)),
    invertible("ip6-proto", protocol, { aliases: ["ip6-protocol"] }),
    invertible("ip6-sport", portRange, { aliases: ["ip6-source-port"] }),
    invertible("ip6-dport", portRange, { aliases: ["ip6-destination-port"] }),
    invertible("ip6-icmp-type", messageType(V6_TYPES)),
  ],
  check: (options, context) => {
    requireProtocol(IPV6, "IPv6")(context);
    checkUpperProtocol(options, "ip6", { "ip6-icmp-type": "ipv6-icmp" });
  },
});
