import type { TraceVerdict } from "./event";

// xtables-monitor 1.8.9 has no name for some verdicts and prints the number, for example NFT_RETURN (-5) as 0xfffffffb
// (include/uapi/linux/netfilter/nf_tables.h, enum nft_verdicts).
const byNumber: Readonly<Record<string, string>> = {
  "0xffffffff": "CONTINUE",
  "0xfffffffe": "BREAK",
  "0xfffffffd": "JUMP",
  "0xfffffffc": "GOTO",
  "0xfffffffb": "RETURN",
};

/** Parses `ACCEPT`, `JUMP:SVC` (xtables-monitor), `accept`, `jump SVC` (nft), and numbers. */
export function readVerdict(text: string): TraceVerdict {
  const [, word = "", chain] = /^([^\s:]+)(?:[\s:]+(\S.*?))?\s*$/.exec(text.trim()) ?? [];
  const name = (byNumber[word] ?? word).toUpperCase();
  switch (name) {
    case "ACCEPT":
    case "DROP":
    case "CONTINUE":
    case "RETURN":
    case "QUEUE":
    case "STOLEN":
      return { kind: name };
    case "JUMP":
    case "GOTO":
      return chain === undefined ? { kind: "OTHER", text } : { kind: name, chain };
    default:
      return { kind: "OTHER", text };
  }
}
