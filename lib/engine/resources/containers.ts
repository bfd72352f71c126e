import type Docker from "dockerode";
import type { CommandLog } from "../command-log";
import { translate } from "../errors/known-errors";
import { LabError } from "../errors/lab-error";
import { type ContainerInfo, type ContainerSpec, containerInfo, createOptions } from "./container";
import { type Labels, labelFilter } from "./labels";

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
    return this.#run(spec.name, `docker create --name ${spec.name} ${spec.image}`, async () => {
      const container = await this.#docker.createContainer(createOptions(spec));
      return container.id;
    });
  }

  /**
   * Starts a container; one that runs is fine. Shell: `docker start`.
   *
   * @throws LabError `PORT_IN_USE`, `COMMAND_MISSING`, `CONTAINER_GONE`, `CAPABILITY_REFUSED`.
   */
  async start(id: string, where = id): Promise<void> {
    await this.#run(where, `docker start ${where}`, async () => {
      try {
        await this.#docker.getContainer(id).start();
      } catch (error) {
        // 304: it runs already, as when its restart policy was faster.
        if (statusCode(error) !== 304) throw error;
      }
    });
  }

  /**
   * Creates and starts; a container that cannot be started is removed again. Shell: `docker run -d`.
   *
   * @param turn - runs the start of the container with this id when its turn has come. Default: at once.
   */
  async run(
    spec: ContainerSpec,
    turn: (id: string, start: () => Promise<void>) => Promise<void> = (_id, start) => start(),
  ): Promise<ContainerInfo> {
    const id = await this.create(spec);
    try {
      await turn(id, () => this.start(id, spec.name));
      return await this.inspect(id, spec.name);
    } catch (error) {
      await this.remove(id).catch(() => undefined);
      throw error;
    }
  }

  /** {@link run}, with the device where the engine's machine has it. */
  async runWithDevice(spec: ContainerSpec, device: string): Promise<ContainerInfo> {
    try {
      return await this.run({ ...spec, devices: [...(spec.devices ?? []), device] });
    } catch (error) {
      if (error instanceof LabError && error.code === "NOT_SUPPORTED") return this.run(spec);
      throw error;
    }
  }

  /** What the engine knows of a container. Shell: `docker inspect`. */
  inspect(id: string, where = id): Promise<ContainerInfo> {
    return this.#run(where, `docker inspect ${where}`, async () =>
      containerInfo(await this.#docker.getContainer(id).inspect()),
    );
  }

  /** Containers that bear all of `labels`, running or not. Shell: `docker ps -a --filter label=…`. */
  list(labels: Partial<Labels> = {}): Promise<readonly ContainerLine[]> {
    return this.#run("engine", "docker ps -a", async () => {
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

  /** Shell: `docker stop -t SECONDS`. */
  async stop(id: string, seconds = 10): Promise<void> {
    await this.#run(id, `docker stop -t ${seconds} ${id}`, () =>
      this.#docker.getContainer(id).stop({ t: seconds }),
    );
  }

  /** Shell: `docker kill -s SIGNAL`. */
  async kill(id: string, signal = "KILL"): Promise<void> {
    await this.#run(id, `docker kill -s ${signal} ${id}`, () =>
      this.#docker.getContainer(id).kill({ signal }),
    );
  }

  /** Shell: `docker restart -t 0`. */
  async restart(id: string): Promise<void> {
    await this.#run(id, `docker restart ${id}`, () => this.#docker.getContainer(id).restart({ t: 0 }));
  }

  /** Shell: `docker pause`. */
  async pause(id: string): Promise<void> {
    await this.#run(id, `docker pause ${id}`, () => this.#docker.getContainer(id).pause());
  }

  /** Shell: `docker unpause`. */
  async unpause(id: string): Promise<void> {
    await this.#run(id, `docker unpause ${id}`, () => this.#docker.getContainer(id).unpause());
  }

  /** Removes a container with its anonymous volumes; one that is gone is fine. Shell: `docker rm -fv`. */
  async remove(id: string): Promise<void> {
    await this.#run(id, `docker rm -fv ${id}`, async () => {
      try {
        await this.#docker.getContainer(id).remove({ force: true, v: true });
      } catch (error) {
        // 409: a removal is under way already (moby: "removal of container … is already in progress").
        const status = statusCode(error);
        if (status !== 404 && status !== 409) throw error;
      }
    });
  }

  /** The newest lines that process 1 wrote, both streams. Shell: `docker logs --tail LINES`. */
  logs(id: string, lines = 100): Promise<string> {
    return this.#run(id, `docker logs --tail ${lines} ${id}`, async () => {
      const raw = await this.#docker.getContainer(id).logs({ stdout: true, stderr: true, tail: lines });
      return unframe(raw);
    });
  }

  /** Waits until the container ends, and returns its exit code. Shell: `docker wait`. */
  wait(id: string): Promise<number> {
    return this.#run(id, `docker wait ${id}`, async () => {
      const result: unknown = await this.#docker.getContainer(id).wait();
      const code =
        typeof result === "object" && result !== null ? Reflect.get(result, "StatusCode") : undefined;
      return typeof code === "number" ? code : -1;
    });
  }

  /** Writes a tar archive into the container's file system. Shell: `docker cp - ID:FOLDER`. */
  async put(id: string, folder: string, tar: Uint8Array): Promise<void> {
    await this.#run(id, `docker cp - ${id}:${folder}`, () =>
      this.#docker.getContainer(id).putArchive(Buffer.from(tar), { path: folder }),
    );
  }

  async #run<T>(where: string, command: string, action: () => Promise<T>): Promise<T> {
    try {
      return await this.#log.run(where, command, action);
    } catch (error) {
      throw translate(error, where, this.#log.engine);
    }
  }
}

/** The HTTP status that an engine refused a request with. */
export function statusCode(error: unknown): number | undefined {
  const cause = error instanceof LabError ? error.cause : error;
  const code = typeof cause === "object" && cause !== null ? Reflect.get(cause, "statusCode") : undefined;
  return typeof code === "number" ? code : undefined;
}

/** The text of both streams, from the form in which an engine sends them where there is no terminal. */
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
