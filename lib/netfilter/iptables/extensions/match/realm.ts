import { invertible, match } from "../declare";
import { named } from "../shared/named-number";

const REALMS = new Map([["cosmos", 0n]]);

export const realm = match("realm", {
  families: ["ipv4"],
  hooks: ["INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  options: [invertible("realm", named(REALMS, "a realm"), { required: true })],
});
