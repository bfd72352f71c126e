import { type Match, unknownCondition } from "../../model";
import type { Test } from "../state/answer";
import * as connection from "./connection";
import { connlimit } from "./connlimit";
import * as counting from "./counting";
import * as header from "./header";
import * as place from "./place";
import { setTest } from "./set";

/**
 * Compiles a condition.
 *
 * @param id - identifies the rule and the condition; key of its counters. Each condition of a rule has its own counters,
 * like the private data of a match in the kernel.
 */
export function testOf(match: Match, id: string): Test {
  const pure = (ask: header.Ask): Test => ({ match, kind: "pure", ask });
  const stateful = (ask: header.Ask): Test => ({ match, kind: "stateful", ask });
  switch (match.kind) {
    case "source":
    case "destination":
      return pure(header.address(match));
    case "inInterface":
    case "outInterface":
      return pure(header.device(match));
    case "protocol":
      return pure(header.protocol(match));
    case "fragment":
      return pure(header.fragment(match));
    case "port":
      return pure(header.port(match));
    case "tcpFlags":
      return pure(header.tcpFlags(match));
    case "icmp":
      return pure(header.icmp(match));
    case "ctState":
      return pure(connection.ctState(match));
    case "ctProtocol":
      return pure(connection.ctProtocol(match));
    case "ctAddress":
      return pure(connection.ctAddress(match));
    case "ctPort":
      return pure(connection.ctPort(match));
    case "ctDirection":
      return pure(connection.ctDirection(match));
    case "ctStatus":
      return pure(connection.ctStatus(match));
    case "ctExpire":
      return pure(connection.ctExpire(match));
    case "mark":
      return pure(header.mark(match));
    case "connmark":
      return pure(connection.connmark(match));
    case "addressType":
      return pure(place.addressTypeTest(match));
    case "addressRange":
      return pure(header.addressRange(match));
    case "mac":
      return pure(header.mac(match));
    case "owner":
      return pure(place.owner(match));
    case "pktType":
      return pure(header.pktType(match));
    case "ttl":
      return pure(header.ttl(match));
    case "length":
      return pure(header.length(match));
    case "tos":
      return pure(header.tos(match));
    case "statisticRandom": {
      // `! --probability p` matches with 1 - p.
      const threshold = match.inverted ? 0x80000000 - match.threshold : match.threshold;
      return { match, kind: "chance", ask: () => ({ kind: "chance", threshold }) };
    }
    case "statisticNth":
      return stateful(counting.nth(match, id));
    case "limit":
      return stateful(counting.limit(match, id));
    case "hashlimit":
      return stateful(counting.hashlimit(match));
    case "connlimit":
      return stateful(connlimit(match, id));
    case "recent":
      return stateful(counting.recent(match));
    case "set":
      return pure(setTest(match));
    case "rpfilter":
      return pure(place.rpfilter(match));
    case "physdev":
      return pure(place.physdev(match));
    case "comment":
      return pure(() => true);
    case "opaque": {
      // Within one run, the same condition on the same addresses has the same result.
      const key = `${match.extension} ${match.text}`;
      return pure((hookState) =>
        unknownCondition(
          `${key} ${hookState.packet.src} ${hookState.packet.dst}`,
          `"${match.text}" matches (${match.extension})`,
          `"${match.text}" does not match (${match.extension})`,
        ),
      );
    }
  }
}
