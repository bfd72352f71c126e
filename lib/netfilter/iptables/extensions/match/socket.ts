import { flag, match } from "../declare";

export const socket = match("socket", {
  hooks: ["PREROUTING", "INPUT"],
  options: [flag("transparent"), flag("nowildcard"), flag("restore-skmark")],
});
