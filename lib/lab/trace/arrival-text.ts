import { endpoint } from "../../chart/sketch/shapes";
import type { Packet } from "../../netfilter/model";
import type { Arrival, SeenAt } from "./arrival";

/** Describes where a packet was seen, for example `leaving node1 by veth3` or `at the end of INPUT in web`. */
export function seenText({ place, point, link }: SeenAt): string {
  const by = link === undefined ? "" : ` by ${link}`;
  switch (point) {
    case "ingress":
    case "prerouting":
      return `coming into ${place}${by}`;
    case "input":
      return `at the end of INPUT in ${place}`;
    case "output":
      return `sent by ${place}, at the start of OUTPUT`;
    case "postrouting":
      return `at the end of POSTROUTING in ${place}${link === undefined ? "" : `, before it left by ${link}`}`;
    case "egress":
      return `leaving ${place}${by}`;
  }
}

/** Describes in one sentence how far a packet got, and the evidence for it. */
export function arrivalText(arrival: Arrival, packet: Packet): string {
  const to = endpoint(packet.dst, packet.dport);
  switch (arrival.kind) {
    case "delivered":
      return `arrived in ${arrival.at.place}: ${deliveredText(arrival.by, packet)}`;
    case "refused":
      return arrival.answered
        ? `arrived in ${arrival.at.place}: nobody listens on ${to}, the kernel replied with ${arrival.with}`
        : `arrived in ${arrival.at.place}: nobody listens on ${to}; the kernel was not seen to reply`;
    case "left":
      return `seen ${seenText(arrival.at)}`;
    case "stopped":
      return stoppedText(arrival);
    case "passed":
      return `it was not stopped there: seen ${seenText(arrival.at)}`;
    case "lost": {
      const where = arrival.last === undefined ? "seen nowhere" : `last seen ${seenText(arrival.last)}`;
      return `did not arrive: ${where}${arrival.why === undefined ? "" : `; ${arrival.why}`}`;
    }
    case "unconfirmed": {
      const where = arrival.last === undefined ? "" : `; last seen ${seenText(arrival.last)}`;
      return `not confirmed: ${arrival.why}${where}`;
    }
  }
}

function deliveredText(by: "answer" | "socket" | "kernel", packet: Packet): string {
  if (by === "kernel") return "the kernel received it";
  if (by === "socket") return "a socket received it";
  if (packet.icmp !== undefined) return "its kernel replied to the echo";
  return packet.protocol === "tcp" ? "its socket replied with SYN,ACK" : "a program there replied";
}

function stoppedText({ at, by }: Extract<Arrival, { kind: "stopped" }>): string {
  switch (by) {
    case "rule":
      return `stopped as predicted${at === undefined ? "" : ` in ${at.place}`}: the kernel reported the rule`;
    case "sender":
      return "stopped as predicted: the sender's system call failed, and no packet was sent";
    case "absence":
      return at === undefined
        ? "stopped as predicted"
        : `stopped as predicted: last seen ${seenText(at)}, and nowhere after that`;
  }
}
