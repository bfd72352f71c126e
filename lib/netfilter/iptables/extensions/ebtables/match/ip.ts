import { prefix } from "../../../values/address/prefix";
import { paddedHex } from "../../../values/hex";
import { U8 } from "../../../values/number";
import { portRange } from "../../../values/port";
import { invertible, match } from "../../declare";
import { V4_TYPES } from "../../shared/icmp-type";
import { messageType } from "../message-type";
import { requireProtocol } from "../required-protocol";
import { checkUpperProtocol, protocol } from "../upper-protocol";

const IPV4 = 0x0800;

const IGMP = messageType([
  { name: "membership-query", type: 0x11 },
  { name: "membership-report-v1", type: 0x12 },
  { name: "membership-report-v2", type: 0x16 },
  { name: "leave-group", type: 0x17 },
  { name: "membership-report-v3", type: 0x22 },
]);

/** Matches fields of IPv4 packets and of the protocols above (ebt_ip.c). */
export const ip = match("ip", {
  families: ["bridge"],
  implicit: true,
  options: [
    invertible("ip-src", prefix({ cut: true, full: false }), { aliases: ["ip-source"] }),
    invertible("ip-dst", prefix({ cut: true, full: false }), { aliases: ["ip-destination"] }),
    invertible("ip-tos", paddedHex(2, U8, true)),
    invertible("ip-proto", protocol, { aliases: ["ip-protocol"] }),
    invertible("ip-sport", portRange, { aliases: ["ip-source-port"] }),
    invertible("ip-dport", portRange, { aliases: ["ip-destination-port"] }),
    invertible("ip-icmp-type", messageType(V4_TYPES)),
    invertible("ip-igmp-type", IGMP),
  ],
  check: (options, context) => {
    requireProtocol(IPV4, "IPv4")(context);
    checkUpperProtocol(options, "ip", { "ip-icmp-type": "icmp", "ip-igmp-type": "igmp" });
  },
});
