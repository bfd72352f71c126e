import type { CommMessage } from "../link/comm-message";
import type { Content, Header, Message } from "../wire/message";

type PublishComm = (
  type: string,
  parent: Header | undefined,
  content: Content,
  metadata: Content,
  buffers: readonly Uint8Array[],
) => void;

/** The open comms, as the server sees them. It answers for them also while a cell keeps the executor busy. */
export class OpenComms {
  readonly #publish: PublishComm;
  readonly #targets = new Map<string, string>();

  constructor(publish: PublishComm) {
    this.#publish = publish;
  }

  /** Publishes a message of the executor. */
  publish({ action, id, target, data, metadata, buffers }: CommMessage, parent: Header | undefined): void {
    if (action === "open") this.#targets.set(id, target);
    if (action === "close") this.#targets.delete(id);
    const content = {
      comm_id: id,
      ...(action === "open" ? { target_name: target, target_module: null } : {}),
      data,
    };
    this.#publish(`comm_${action}`, parent, content, metadata, buffers);
  }

  /** Reads a message of a front end, and notes which comms it opens and closes. */
  receive({ header, content, metadata, buffers = [] }: Message): CommMessage | undefined {
    const { comm_id: id, target_name: target, data } = content;
    const action = /^comm_(open|msg|close)$/.exec(header.msg_type)?.[1];
    if (typeof id !== "string" || (action !== "open" && action !== "msg" && action !== "close"))
      return undefined;
    if (action === "open") this.#targets.set(id, String(target));
    if (action === "close") this.#targets.delete(id);
    const fields = typeof data === "object" && data !== null ? { ...data } : {};
    return { action, id, target: this.#targets.get(id) ?? "", data: fields, metadata, buffers };
  }

  /** The content of `comm_info_reply`. */
  info(target: unknown): Content {
    const comms = [...this.#targets].filter(
      ([, name]) => target === undefined || target === "" || name === target,
    );
    return {
      status: "ok",
      comms: Object.fromEntries(comms.map(([id, name]) => [id, { target_name: name }])),
    };
  }

  /** Tells front ends that the objects are lost, because the executor has ended. */
  closeAll(): void {
    for (const id of this.#targets.keys())
      this.#publish("comm_close", undefined, { comm_id: id, data: {} }, {}, []);
    this.#targets.clear();
  }
}
