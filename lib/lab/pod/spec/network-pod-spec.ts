import type { AppSpec } from "./app-spec";
import type { PublishMap } from "./publish";

/** Options of a pod on a network: those of its only app, or `apps` for several apps by name. Public as `PodSpec<"network">`. */
export interface NetworkPodSpec extends AppSpec {
  readonly apps?: Readonly<Record<string, AppSpec>>;
  /** Host port to pod port on 127.0.0.1: `{ 8080: 80 }`. */
  readonly publish?: PublishMap;
}
