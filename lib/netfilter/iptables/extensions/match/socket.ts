import { flag, match } from "../declare";

/** Matches packets that a local socket would receive (xt_socket.c). */
export const socket = match("socket", {
  hooks: ["PREROUTING", "INPUT"],
  options: [flag("transparent"), flag("nowildcard"), flag("restore-skmark")],
});
