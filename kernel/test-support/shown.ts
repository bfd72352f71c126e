import type { Message } from "../wire/message";

export function isIdle({ header, content }: Message): boolean {
  return header.msg_type === "status" && content["execution_state"] === "idle";
}

/** Summarises what a cell showed: `stdout: text`, `result: 3`, `display: x`, `error: Name`. Joins adjacent text. */
export function shown(messages: readonly Message[]): string[] {
  const out: string[][] = [];
  let stream: unknown;
  for (const { header, content } of messages) {
    const { data } = content;
    const plain =
      typeof data === "object" && data !== null && "text/plain" in data ? String(data["text/plain"]) : "";
    switch (header.msg_type) {
      case "status":
        continue;
      case "stream":
        if (stream !== content["name"]) out.push([`${content["name"]}: `]);
        out.at(-1)?.push(String(content["text"]));
        stream = content["name"];
        continue;
      case "execute_result":
        out.push([`result: ${plain}`]);
        break;
      case "display_data":
        out.push([`display: ${plain}`]);
        break;
      case "update_display_data":
        out.push([`update: ${plain}`]);
        break;
      case "error":
        out.push([`error: ${content["ename"]}: ${content["evalue"]}`]);
        break;
    }
    stream = undefined;
  }
  return out.map((parts) => parts.join(""));
}
