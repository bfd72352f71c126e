import type Docker from "dockerode";
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

  constructor(docker: Docker) {
    this.#docker = docker;
  }

  /** Volumes that bear all of `labels`. Shell: `docker volume ls --filter label=…`. */
  async list(labels: Partial<Labels> = {}): Promise<readonly VolumeLine[]> {
    try {
      const { Volumes: lines } = await this.#docker.listVolumes({ filters: labelFilter(labels) });
      return (lines ?? []).map((line) => ({ name: line.Name, labels: line.Labels ?? {} }));
    } catch (error) {
      throw translate(error, "engine");
    }
  }

  /** Removes a volume; one that is gone is fine. Shell: `docker volume rm`. */
  async remove(name: string): Promise<void> {
    try {
      await this.#docker.getVolume(name).remove();
    } catch (error) {
      if (statusCode(error) !== 404) throw translate(error, name);
    }
  }
}
