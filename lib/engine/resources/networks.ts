import type Docker from "dockerode";
import { withoutUndefined } from "../../without-undefined";
import type { CommandLog } from "../command-log";
import { statusCode } from "./containers";
import { follow, type Subscription } from "./events";
import { type Labels, labelFilter } from "./labels";
import { request } from "./request";

/** Time within which the engine must remove the endpoint of a removed container. */
const ENDPOINT_TIMEOUT_MS = 15_000;

/** Options of a network: those of `docker network create` that labs use. */
export interface NetworkSpec {
  readonly name: string;
  /** Default: `bridge`. */
  readonly driver?: string;
  /** IPv4 range, `10.8.0.0/24`. Default: the engine selects one. */
  readonly subnet?: string;
  readonly gateway?: string;
  /** The part of `subnet` from which the engine assigns addresses. Default: all of it. */
  readonly range?: string;
  /** No default route and no NAT to other networks. Default: false. */
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly labels?: Labels;
  readonly options?: Readonly<Record<string, string>>;
}

/** What `docker network inspect` reports about a network. */
export interface NetworkInfo {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly internal: boolean;
  /** `local`, or `swarm` for a network of all engines of a swarm. */
  readonly scope: string;
  readonly createdAt: Date;
  readonly subnets: readonly string[];
  readonly gateways: readonly string[];
  readonly labels: Labels;
  readonly options: Readonly<Record<string, string>>;
}

/** The networks of one engine. */
export class Networks {
  readonly #docker: Docker;
  readonly #log: CommandLog;

  constructor(docker: Docker, log: CommandLog) {
    this.#docker = docker;
    this.#log = log;
  }

  /**
   * Creates a network. Shell: `docker network create`.
   *
   * @throws LabError `NAME_TAKEN`, `SUBNET_TAKEN`.
   */
  create(spec: NetworkSpec): Promise<NetworkInfo> {
    const subnet = spec.subnet ? ` --subnet ${spec.subnet}` : "";
    return request(this.#log, spec.name, `docker network create${subnet} ${spec.name}`, async () => {
      const network = await this.#docker.createNetwork({
        Name: spec.name,
        CheckDuplicate: true,
        Driver: spec.driver ?? "bridge",
        Internal: spec.internal ?? false,
        ...withoutUndefined({ Attachable: spec.attachable }),
        Labels: { ...spec.labels },
        Options: { ...spec.options },
        ...(spec.subnet === undefined
          ? {}
          : {
              IPAM: {
                Driver: "default",
                Config: [
                  {
                    Subnet: spec.subnet,
                    ...withoutUndefined({ Gateway: spec.gateway, IPRange: spec.range }),
                  },
                ],
              },
            }),
      });
      return networkInfo(await network.inspect());
    });
  }

  /** Returns the state of a network. Shell: `docker network inspect`. */
  inspect(name: string): Promise<NetworkInfo> {
    return request(this.#log, name, `docker network inspect ${name}`, async () =>
      networkInfo(await this.#docker.getNetwork(name).inspect()),
    );
  }

  /** Lists the networks that have all of `labels`. Shell: `docker network ls --filter label=…`. */
  list(labels: Partial<Labels> = {}): Promise<readonly NetworkInfo[]> {
    return request(this.#log, "engine", "docker network ls", async () =>
      (await this.#docker.listNetworks({ filters: labelFilter(labels) })).map(networkInfo),
    );
  }

  /**
   * Connects a container to a network. Shell: `docker network connect NETWORK CONTAINER`.
   *
   * @param address - IPv4 address. Default: the engine selects one.
   */
  async connect(name: string, container: string, address?: string): Promise<void> {
    await request(this.#log, name, `docker network connect ${name} ${container}`, () =>
      this.#docker.getNetwork(name).connect({
        Container: container,
        ...(address === undefined ? {} : { EndpointConfig: { IPAMConfig: { IPv4Address: address } } }),
      }),
    );
  }

  /** Disconnects a container from a network. Shell: `docker network disconnect -f NETWORK CONTAINER`. */
  async disconnect(name: string, container: string): Promise<void> {
    await request(this.#log, name, `docker network disconnect ${name} ${container}`, () =>
      this.#docker.getNetwork(name).disconnect({ Container: container, Force: true }),
    );
  }

  /**
   * Disconnects every running container from a network, one after the other. If two endpoints leave a network at the same
   * time, Docker may miscount its endpoints, and then can't remove the network until the engine is restarted. Does nothing
   * if the network doesn't exist. Shell: `docker network disconnect -f NETWORK CONTAINER` for each container.
   *
   * @param onLeft - called with the id of each container that was disconnected. The container can then be removed in
   *   parallel with others.
   */
  async empty(name: string, onLeft: (container: string) => void = () => undefined): Promise<void> {
    for (const id of await this.#members(name)) {
      // Fails if the container has ended in between; then it has no endpoint any more.
      await this.disconnect(name, id).catch(() => undefined);
      onLeft(id);
    }
  }

  async #members(name: string): Promise<readonly string[]> {
    const raw = await request(this.#log, name, `docker network inspect ${name}`, () =>
      this.#docker
        .getNetwork(name)
        .inspect()
        .catch((error: unknown) => {
          if (statusCode(error) === 404) return undefined;
          throw error;
        }),
    );
    const containers: unknown = raw?.Containers;
    if (typeof containers !== "object" || containers === null) return [];
    // An overlay network also lists its load balancer, as `lb-NAME`.
    return Object.keys(containers).filter((id) => /^[0-9a-f]{64}$/.test(id));
  }

  /**
   * Calls `listener` with the id of each container that connects to a network. The event comes while the container is
   * being started, before its program runs. Shell: `docker events --filter network=ID --filter event=connect`.
   *
   * @param id - the network's id. With a name, the engine also matches networks whose name starts with it.
   */
  joins(id: string, listener: (container: string) => void): Promise<Subscription> {
    return follow(
      this.#docker,
      { type: ["network"], event: ["connect"], network: [id] },
      ({ attributes: { container } }) => {
        if (container !== undefined) listener(container);
      },
    );
  }

  /**
   * Removes a network. Does nothing if it doesn't exist. Shell: `docker network rm`.
   *
   * A removed container keeps its endpoint, and in a swarm its task, a moment longer than the engine lists the container.
   * This method waits for that, at most 15 s.
   *
   * @throws LabError `NETWORK_IN_USE`.
   */
  async remove(name: string): Promise<void> {
    const deadline = performance.now() + ENDPOINT_TIMEOUT_MS;
    await request(this.#log, name, `docker network rm ${name}`, async () => {
      for (;;) {
        try {
          await this.#docker.getNetwork(name).remove();
          return;
        } catch (error) {
          if (statusCode(error) === 404) return;
          const busy = error instanceof Error && /has active endpoints|is in use by task/.test(error.message);
          if (!busy || performance.now() > deadline) throw error;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    });
  }
}

function networkInfo(raw: Docker.NetworkInspectInfo): NetworkInfo {
  const config = raw.IPAM?.Config ?? [];
  return {
    id: raw.Id,
    name: raw.Name,
    driver: raw.Driver,
    internal: raw.Internal,
    scope: raw.Scope,
    createdAt: new Date(raw.Created),
    subnets: config.flatMap(({ Subnet }) => (Subnet ? [Subnet] : [])),
    gateways: config.flatMap(({ Gateway }) => (Gateway ? [Gateway] : [])),
    labels: raw.Labels ?? {},
    options: raw.Options ?? {},
  };
}
