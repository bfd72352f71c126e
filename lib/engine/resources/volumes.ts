import type Docker from "dockerode";
import type { CommandLog } from "../command-log";
import { translate } from "../errors/known-errors";
import { statusCode } from "./containers";
import { type Labels, labelFilter } from "./labels";

/** A line of `docker volume ls`. */
export interface VolumeLine {
  readonly name: string;
  readonly labels: Labels;
}

/** The volumes of one engine. */
export class Volumes {
  readonly #docker: Docker;
  readonly #log: CommandLog;

  constructor(docker: Docker, log: CommandLog) {
    this.#docker = docker;
    this.#log = log;
  }

  /** Lists the volumes that have all of `labels`. Shell: `docker volume ls --filter label=…`. */
  async list(labels: Partial<Labels> = {}): Promise<readonly VolumeLine[]> {
    return this.#run("engine", "docker volume ls", async () => {
      const { Volumes: lines } = await this.#docker.listVolumes({ filters: labelFilter(labels) });
      return (lines ?? []).map((line) => ({ name: line.Name, labels: line.Labels ?? {} }));
    });
  }

  /** Removes a volume. Does nothing if it doesn't exist. Shell: `docker volume rm`. */
  async remove(name: string): Promise<void> {
    await this.#run(name, `docker volume rm ${name}`, async () => {
      try {
        await this.#docker.getVolume(name).remove();
      } catch (error) {
        if (statusCode(error) !== 404) throw error;
      }
    });
  }

  async #run<T>(where: string, command: string, action: () => Promise<T>): Promise<T> {
    try {
      return await this.#log.run(where, command, action);
    } catch (error) {
      throw translate(error, where, this.#log.engine);
    }
  }
}
