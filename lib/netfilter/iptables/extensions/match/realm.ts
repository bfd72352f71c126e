import { invertible, match } from "../declare";
import { namedNumber } from "../shared/named-number";

/** The names that iproute2 ships in /etc/iproute2/rt_realms. */
const REALMS = new Map([["cosmos", 0n]]);

/** Matches the realm of the route (xt_realm.c). */
export const realm = match("realm", {
  families: ["ipv4"],
  hooks: ["INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  options: [invertible("realm", namedNumber(REALMS, "a realm"), { required: true })],
});
