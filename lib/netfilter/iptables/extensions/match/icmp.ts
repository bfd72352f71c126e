import { invertible, match } from "../declare";
import { icmpMatches, icmpType, V4_TYPES } from "../shared/icmp-type";

/** Matches type and code of ICMP (icmp_match in the kernel). */
export const icmp = match("icmp", {
  families: ["ipv4"],
  protocols: [1],
  options: [invertible("icmp-type", icmpType(V4_TYPES, true), { required: true })],
  toMatches: icmpMatches("icmp-type", "ipv4"),
});
