import { invertible, match } from "../declare";
import { icmpMatches, icmpType, V6_TYPES } from "../shared/icmp-type";

/** Matches type and code of ICMPv6 (icmp6_match in the kernel). */
export const icmp6 = match("icmp6", {
  families: ["ipv6"],
  protocols: [58],
  options: [invertible("icmpv6-type", icmpType(V6_TYPES, false), { required: true })],
  toMatches: icmpMatches("icmpv6-type", "ipv6"),
});
