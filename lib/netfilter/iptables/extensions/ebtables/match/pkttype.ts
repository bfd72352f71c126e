import { oneOf } from "../../../values/list";
import { invertible, match } from "../../declare";

const PACKETS = ["host", "broadcast", "multicast", "otherhost", "outgoing", "loopback", "fastroute"];

export const pkttype = match("pkttype", {
  families: ["bridge"],
  implicit: true,
  options: [invertible("pkttype-type", oneOf(PACKETS, true))],
});
