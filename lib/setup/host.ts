import type Docker from "dockerode";
import { LabError } from "../engine/errors/lab-error";
import { cgroupAdvice, cgroupRefusal, nestedEngine } from "../engine/nested";
import { createOptions } from "../engine/resources/container";
import { unframe } from "../engine/resources/containers";
import type { Tools } from "./step";

/**
 * Makes the host image: the image `from` with the given images already in its engine, loaded once by a real
 * dockerd.
 *
 * Shell: `docker save IMAGE | docker cp - BAKE:/load`, `docker start BAKE`, `docker commit BAKE TAG`.
 *
 * @throws LabError `IMAGE_MISSING` with what the engine inside said.
 */
export async function bakeHost(
  docker: Docker,
  from: string,
  tag: string,
  images: readonly string[],
  tools: Tools,
): Promise<void> {
  tools.progress("loading the images of the labs into it");
  const name = `wirebook-bake-${tag.slice(tag.indexOf(":") + 1)}`;
  // What a bake that was killed has left.
  await remove(docker.getContainer(name));
  const container = await docker.createContainer(
    createOptions({
      ...nestedEngine,
      name,
      image: from,
      entrypoint: ["bake"],
      network: "none",
      labels: { wirebook: "setup" },
    }),
  );
  try {
    for (const [number, image] of images.entries()) {
      await container.putArchive(await docker.getImage(image).get(), { path: `/load/${number}` });
    }
    await container.start();
    const { StatusCode: code }: { StatusCode: number } = await container.wait({ abortSignal: tools.signal });
    if (code !== 0) {
      const said = unframe(await container.logs({ stdout: true, stderr: true }));
      const refusal = cgroupRefusal(said);
      throw new LabError("IMAGE_MISSING", {
        where: "host",
        found: `the engine inside the image did not ${
          refusal === undefined ? "load the images of the labs" : `get control groups of its own: ${refusal}`
        }`,
        advice:
          refusal === undefined
            ? "Look at what it said, and run the command again when the cause is gone."
            : cgroupAdvice,
        cause: new Error(said),
      });
    }
    tools.progress("committing");
    const [repo, version] = tag.split(":");
    await container.commit({ repo, tag: version, changes: 'ENTRYPOINT ["host"]\nLABEL wirebook=image' });
  } finally {
    await remove(container);
  }
}

async function remove(container: Docker.Container): Promise<void> {
  try {
    await container.remove({ force: true, v: true });
  } catch (cause) {
    const status = cause instanceof Error && "statusCode" in cause ? cause.statusCode : undefined;
    if (status !== 404) throw cause;
  }
}
