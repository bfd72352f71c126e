import { oneOf } from "../../../values/list";
import { invertible, match } from "../../declare";

const PACKETS = ["host", "broadcast", "multicast", "otherhost", "outgoing", "loopback", "fastroute"];

/** Matches the type of the frame, such as broadcast (ebt_pkttype.c). */
export const pkttype = match("pkttype", {
  families: ["bridge"],
  implicit: true,
  options: [invertible("pkttype-type", oneOf(PACKETS, true))],
});
