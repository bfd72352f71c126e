import { protocolName } from "../../../model/protocols";
import { RuleSyntaxError } from "../../rule-syntax-error";
import { readProtocol } from "../../values/protocol";
import type { ValueType } from "../../values/value-type";
import type { Options } from "../extension";

/** The name of a protocol, or its number if it has none. */
export const protocol: ValueType = {
  expected: "a protocol",
  read: (word) => protocolName(readProtocol(word)),
};

const WITH_PORTS = ["tcp", "udp", "dccp", "sctp", "udplite"];

/**
 * Checks that the rule names the protocol that its ports and message types belong to: `--ip-dport` needs `--ip-proto tcp`
 * or another protocol with ports.
 *
 * @param messages - maps each message type option to its protocol: `ip-icmp-type` to `icmp`.
 */
export function checkUpperProtocol(
  options: Options,
  prefixOf: "ip" | "ip6",
  messages: Readonly<Record<string, string>>,
): void {
  const given = options.get(`${prefixOf}-proto`);
  const proto = given && !given.inverted ? given.values[0] : undefined;
  const ports = options.has(`${prefixOf}-sport`) || options.has(`${prefixOf}-dport`);
  if (ports && !WITH_PORTS.includes(proto ?? ""))
    throw new RuleSyntaxError(
      `ports need a protocol that has ports`,
      `--${prefixOf}-proto tcp, udp, sctp or dccp`,
    );
  for (const [name, wanted] of Object.entries(messages))
    if (options.has(name) && proto !== wanted)
      throw new RuleSyntaxError(
        `--${name} needs --${prefixOf}-proto ${wanted}`,
        `--${prefixOf}-proto ${wanted}`,
      );
}
