import type Docker from "dockerode";
import type { CommandLog } from "../command-log";
import { LabError } from "../errors/lab-error";
import { type ContainerInfo, type ContainerSpec, containerInfo, createOptions } from "./container";
import { type Labels, labelFilter } from "./labels";
import { request } from "./request";

/** A line of `docker ps`. */
export interface ContainerLine {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly state: string;
  readonly labels: Labels;
  readonly createdAt: Date;
}

/** The containers of one engine. */
export class Containers {
  readonly #docker: Docker;
  readonly #log: CommandLog;

  constructor(docker: Docker, log: CommandLog) {
    this.#docker = docker;
    this.#log = log;
  }

  /**
   * Creates a container and returns its id. Shell: `docker create`.
   *
   * @throws LabError `IMAGE_MISSING`, `NAME_TAKEN`, `BAD_PORT`, `CAPABILITY_REFUSED`, `NETWORK_GONE`.
   */
  create(spec: ContainerSpec): Promise<string> {
    return request(this.#log, spec.name, `docker create --name ${spec.name} ${spec.image}`, async () => {
      const container = await this.#docker.createContainer(createOptions(spec));
      return container.id;
    });
  }

  /**
   * Starts a container. Does nothing if it is running. Shell: `docker start`.
   *
   * @param where - name for the command log and for errors.
   *
   * @throws LabError `PORT_IN_USE`, `COMMAND_MISSING`, `CONTAINER_GONE`, `CAPABILITY_REFUSED`.
   */
  async start(id: string, where = id): Promise<void> {
    await request(this.#log, where, `docker start ${where}`, async () => {
      try {
        await this.#docker.getContainer(id).start();
      } catch (error) {
        // 304: already running, for example because of its restart policy.
        if (statusCode(error) !== 304) throw error;
      }
    });
  }

  /**
   * Creates and starts a container. If it can't be started, it is removed again. Shell: `docker run -d`.
   *
   * @param schedule - calls `start` when the container with this id may start. Default: immediately.
   * @throws LabError the codes of {@link create} and {@link start}.
   */
  async run(
    spec: ContainerSpec,
    schedule: (id: string, start: () => Promise<void>) => Promise<void> = (_id, start) => start(),
  ): Promise<ContainerInfo> {
    const id = await this.create(spec);
    try {
      await schedule(id, () => this.start(id, spec.name));
      return await this.inspect(id, spec.name);
    } catch (error) {
      await this.remove(id).catch(() => undefined);
      throw error;
    }
  }

  /** Runs a container with a device, or without it if the engine's machine doesn't have the device. See {@link run}. */
  async runWithDevice(
    spec: ContainerSpec,
    device: string,
    schedule?: Parameters<Containers["run"]>[1],
  ): Promise<ContainerInfo> {
    try {
      return await this.run({ ...spec, devices: [...(spec.devices ?? []), device] }, schedule);
    } catch (error) {
      if (error instanceof LabError && error.code === "NOT_SUPPORTED") return this.run(spec, schedule);
      throw error;
    }
  }

  /** Returns the state of a container. Shell: `docker inspect`. */
  inspect(id: string, where = id): Promise<ContainerInfo> {
    return request(this.#log, where, `docker inspect ${where}`, async () =>
      containerInfo(await this.#docker.getContainer(id).inspect()),
    );
  }

  /** Lists the containers that have all of `labels`, running or not. Shell: `docker ps -a --filter label=…`. */
  list(labels: Partial<Labels> = {}): Promise<readonly ContainerLine[]> {
    return request(this.#log, "engine", "docker ps -a", async () => {
      const lines = await this.#docker.listContainers({ all: true, filters: labelFilter(labels) });
      return lines.map((line) => ({
        id: line.Id,
        name: (line.Names[0] ?? "").replace(/^\//, ""),
        image: line.Image,
        state: line.State,
        labels: line.Labels,
        createdAt: new Date(line.Created * 1_000),
      }));
    });
  }

  /**
   * Stops a container: sends its stop signal, and SIGKILL after `seconds`. Shell: `docker stop -t SECONDS`.
   *
   * @param seconds - default: 10.
   */
  async stop(id: string, seconds = 10): Promise<void> {
    await request(this.#log, id, `docker stop -t ${seconds} ${id}`, () =>
      this.#docker.getContainer(id).stop({ t: seconds }),
    );
  }

  /** Sends a signal to process 1. Default: `KILL`. Shell: `docker kill -s SIGNAL`. */
  async kill(id: string, signal = "KILL"): Promise<void> {
    await request(this.#log, id, `docker kill -s ${signal} ${id}`, () =>
      this.#docker.getContainer(id).kill({ signal }),
    );
  }

  /** Kills and starts a container. Shell: `docker restart -t 0`. */
  async restart(id: string): Promise<void> {
    await request(this.#log, id, `docker restart ${id}`, () =>
      this.#docker.getContainer(id).restart({ t: 0 }),
    );
  }

  /** Suspends all processes of a container. Shell: `docker pause`. */
  async pause(id: string): Promise<void> {
    await request(this.#log, id, `docker pause ${id}`, () => this.#docker.getContainer(id).pause());
  }

  /** Resumes a paused container. Shell: `docker unpause`. */
  async unpause(id: string): Promise<void> {
    await request(this.#log, id, `docker unpause ${id}`, () => this.#docker.getContainer(id).unpause());
  }

  /** Removes a container and its anonymous volumes. Does nothing if it doesn't exist. Shell: `docker rm -fv`. */
  async remove(id: string): Promise<void> {
    await request(this.#log, id, `docker rm -fv ${id}`, async () => {
      try {
        await this.#docker.getContainer(id).remove({ force: true, v: true });
      } catch (error) {
        // 409: another removal is in progress (moby: "removal of container … is already in progress").
        const status = statusCode(error);
        if (status !== 404 && status !== 409) throw error;
      }
    });
  }

  /** Returns the last lines that process 1 wrote to stdout and stderr. Default: 100. Shell: `docker logs --tail LINES`. */
  logs(id: string, lines = 100): Promise<string> {
    return request(this.#log, id, `docker logs --tail ${lines} ${id}`, async () => {
      const raw = await this.#docker.getContainer(id).logs({ stdout: true, stderr: true, tail: lines });
      return unframe(raw);
    });
  }

  /** Waits until a container ends. Returns its exit code, or -1 if it is unknown. Shell: `docker wait`. */
  wait(id: string): Promise<number> {
    return request(this.#log, id, `docker wait ${id}`, async () => {
      const result: unknown = await this.#docker.getContainer(id).wait();
      const code =
        typeof result === "object" && result !== null ? Reflect.get(result, "StatusCode") : undefined;
      return typeof code === "number" ? code : -1;
    });
  }

  /** Extracts a tar archive to a folder of the container. Shell: `docker cp - ID:FOLDER`. */
  async put(id: string, folder: string, tar: Uint8Array): Promise<void> {
    await request(this.#log, id, `docker cp - ${id}:${folder}`, () =>
      this.#docker.getContainer(id).putArchive(Buffer.from(tar), { path: folder }),
    );
  }
}

/** Returns the HTTP status of a failed request to the engine. */
export function statusCode(error: unknown): number | undefined {
  const cause = error instanceof LabError ? error.cause : error;
  const code = typeof cause === "object" && cause !== null ? Reflect.get(cause, "statusCode") : undefined;
  return typeof code === "number" ? code : undefined;
}

/** Returns the text of a multiplexed log: see {@link Demultiplexer} for its format. */
export function unframe(raw: Buffer): string {
  const parts: Buffer[] = [];
  let at = 0;
  while (at + 8 <= raw.length) {
    const end = at + 8 + raw.readUInt32BE(at + 4);
    parts.push(raw.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(parts).toString();
}
