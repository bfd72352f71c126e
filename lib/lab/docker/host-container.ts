import { shellText } from "../../engine";
import { ContainerPlace } from "../place/place";
import { type PublishMap, publishList, publishText } from "../pod/spec/publish";

/** Options of a container on a Docker host: a subset of those of `docker run`. */
export interface RunSpec {
  /** `base`, `web`, or any image that the host has. */
  readonly image: string;
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** `bridge`, `none`, `host`, `container:NAME` or the name of a network of this host. Default: `bridge`. */
  readonly network?: string;
  /** `{ 8080: 80 }`, or a list of `docker run -p` arguments. Default address: 0.0.0.0, as with `docker run -p`. */
  readonly publish?: PublishMap;
  readonly capabilities?: readonly string[];
}

/**
 * A container on a Docker host.
 *
 * @example
 * import { type HostContainer, Lab } from "wirebook";
 * const lab = await Lab.open("host-container-example");
 * const host = await lab.dockerHost("host1");
 * const web: HostContainer = await host.run("web", { image: "web" });
 * await host.sh`curl -s http://${web.address}/`;
 * await web.remove();
 * await lab.close();
 */
export class HostContainer extends ContainerPlace {
  /** Name on the Docker host. */
  readonly localName: string;
  /** `default`, `none`, `host`, `container:ID` or the name of a network. */
  readonly networkMode: string;
  /** IP address on its first network, or an empty string if it has none. */
  readonly address: string;
  /** The `docker run` command that starts the same container. */
  readonly shell: string;

  constructor(
    parts: ConstructorParameters<typeof ContainerPlace>[0] & {
      localName: string;
      networkMode: string;
      address: string;
      shell: string;
    },
  ) {
    super(parts);
    this.localName = parts.localName;
    this.networkMode = parts.networkMode;
    this.address = parts.address;
    this.shell = parts.shell;
  }

  /** Kills and removes the container. Shell: `docker rm -f NAME`. */
  async remove(): Promise<void> {
    await this.engine.containers.remove(this.container);
  }
}

export function runText(name: string, spec: RunSpec): string {
  const ports = publishList(spec.publish ?? {}, name).flatMap((each) => ["-p", publishText(each)]);
  const env = Object.entries(spec.env ?? {}).flatMap(([key, value]) => ["-e", `${key}=${value}`]);
  const network = spec.network === undefined ? [] : ["--network", spec.network];
  const { capabilities } = spec;
  const caps = capabilities
    ? ["--cap-drop", "ALL", ...capabilities.flatMap((cap) => ["--cap-add", cap])]
    : [];
  return shellText([
    "docker",
    "run",
    "-d",
    "--name",
    name,
    ...network,
    ...ports,
    ...env,
    ...caps,
    spec.image,
    ...(spec.command ?? []),
  ]);
}
