import { type Connection, type ConnectionsView, connectionsPicture } from "../../chart/connections";
import type { MimeBundle, Picture } from "../../chart/picture";
import { display } from "../../display";
import type { Stream } from "./stream";
import { connectionsView, type Seen } from "./view";

/**
 * The TCP connections of a proxy with clients and servers. As a cell's value it is drawn as a picture.
 * See {@link ForwardProxy} for an example.
 *
 * @example
 * import { Lab } from "wirebook";
 * const lab = await Lab.open("connections-example");
 * const web = await lab.pod("web", { image: "web" });
 * const proxy = await lab.reverseProxy("edge", { upstreams: [web] });
 * await proxy.until("web", "UP");
 * const seen = await proxy.connections(() => lab.outside.get(proxy.url));
 * console.log(seen.result.status, seen.list.length, seen.picture.text);
 * await lab.close();
 */
export class Connections<Result = undefined> {
  /** The result of the action. */
  readonly result: Result;
  /** The snapshots, packets and log lines that the view is built from. */
  readonly seen: Seen;
  /** The captured connections. Empty without an action. */
  readonly streams: readonly Stream[];
  /** The data of the picture. */
  readonly view: ConnectionsView;
  readonly picture: Picture;

  constructor(seen: Seen, result: Result) {
    this.result = result;
    this.seen = seen;
    this.streams = seen.streams ?? [];
    this.view = connectionsView(seen);
    this.picture = connectionsPicture(this.view);
  }

  /** The TCP connections with clients and servers. */
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
