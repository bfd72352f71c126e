import { type Connection, type ConnectionsView, connectionsPicture } from "../../chart/connections";
import { display, type MimeBundle, type Picture } from "../../chart/picture";
import type { Stream } from "./stream";
import { connectionsView, type Seen } from "./view";

/** Who talked to whom at a proxy. In a notebook it draws itself. */
export class Connections<Result = undefined> {
  /** What the action returned. */
  readonly result: Result;
  /** What was looked at on all sides. */
  readonly seen: Seen;
  /** Each connection as packets showed it; empty where no action was watched. */
  readonly streams: readonly Stream[];
  /** The same as data, for {@link connectionsPicture}. */
  readonly view: ConnectionsView;
  readonly picture: Picture;

  constructor(seen: Seen, result: Result) {
    this.result = result;
    this.seen = seen;
    this.streams = seen.streams ?? [];
    this.view = connectionsView(seen);
    this.picture = connectionsPicture(this.view);
  }

  /** The TCP connections, clients' and servers' side. */
  get list(): readonly Connection[] {
    return this.view.connections;
  }

  toString(): string {
    return this.picture.text;
  }

  [display](): Promise<MimeBundle> {
    return this.picture[display]();
  }
}
