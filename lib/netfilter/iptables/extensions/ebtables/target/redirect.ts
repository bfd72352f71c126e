import { target } from "../../declare";
import { ending } from "../frame-verdict";

export const redirect = target("redirect", {
  families: ["bridge"],
  tables: ["nat", "broute"],
  hooks: ["PREROUTING", "BROUTING"],
  options: [ending("redirect-target", "ACCEPT", true)],
});
