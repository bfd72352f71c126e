import type Docker from "dockerode";
import type { CommandLog } from "../command-log";
import { statusCode } from "./containers";
import { request } from "./request";

/** The images of one engine. */
export class Images {
  readonly #docker: Docker;
  readonly #log: CommandLog;

  constructor(docker: Docker, log: CommandLog) {
    this.#docker = docker;
    this.#log = log;
  }

  /** Returns the id of an image, or undefined if the engine doesn't have it. Shell: `docker image inspect`. */
  find(reference: string): Promise<string | undefined> {
    return request(this.#log, reference, `docker image inspect ${reference}`, async () => {
      try {
        return (await this.#docker.getImage(reference).inspect()).Id;
      } catch (error) {
        if (statusCode(error) === 404) return undefined;
        throw error;
      }
    });
  }

  /** Copies images to another engine as a stream, without a temporary file. Shell: `docker save | docker load`. */
  async copy(references: readonly string[], to: Images): Promise<void> {
    await request(
      this.#log,
      references.join(" "),
      `docker save ${references.join(" ")} | docker load`,
      async () => {
        const archive = await this.#save(references);
        const response = await to.#docker.loadImage(archive, { quiet: true });
        // The load is complete at the end of the response. Errors are part of its text, with HTTP status 200.
        let text = "";
        for await (const chunk of response) text += String(chunk);
        const failure = /"error":"([^"]+)"/.exec(text)?.[1];
        if (failure !== undefined) throw new Error(failure);
      },
    );
  }

  // dockerode only supports one image per archive. In one archive, images share their layers.
  #save(references: readonly string[]): Promise<NodeJS.ReadableStream> {
    const names = references.map((reference) => `names=${encodeURIComponent(reference)}`).join("&");
    return new Promise((resolve, reject) => {
      this.#docker.modem.dial(
        {
          path: `/images/get?${names}&`,
          method: "GET",
          isStream: true,
          statusCodes: { 200: true, 404: "no such image", 500: "server error" },
        },
        (error, stream) => (isReadable(stream) ? resolve(stream) : reject(error)),
      );
    });
  }
}

function isReadable(value: unknown): value is NodeJS.ReadableStream {
  return typeof value === "object" && value !== null && "pipe" in value && typeof value.pipe === "function";
}
