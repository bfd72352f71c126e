import { withoutUndefined } from "../../without-undefined";
import type { Socket } from "../snapshot";

/** Parses `ss -H -n -a -t -u -O [-p]`. */
export function parseSockets(text: string): readonly Socket[] {
  return text.split("\n").flatMap((line) => {
    const [protocol, state, , , local, peer, users] = line.trim().split(/\s+/);
    if ((protocol !== "tcp" && protocol !== "udp") || state === undefined || local === undefined) return [];
    const [localAddress, localPort] = split(local);
    const [peerAddress, peerPort] = split(peer ?? "");
    const process = /\(\("([^"]+)"/.exec(users ?? "")?.[1];
    return [
      {
        protocol,
        state,
        localAddress,
        localPort: Number(localPort),
        ...(peerPort === "*" || peerPort === "" ? {} : { peerAddress, peerPort: Number(peerPort) }),
        ...withoutUndefined({ process }),
      },
    ];
  });
}

// 0.0.0.0:80, [::1]:80, *:80, 10.0.0.1%eth0:68
function split(endpoint: string): readonly [string, string] {
  const colon = endpoint.lastIndexOf(":");
  const address = endpoint
    .slice(0, colon)
    .replace(/^\[|\]$/g, "")
    .replace(/%[^\]]*/, "");
  return [address === "*" ? "::" : address, endpoint.slice(colon + 1)];
}
