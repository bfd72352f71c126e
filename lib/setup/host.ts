import type Docker from "dockerode";
import { LabError } from "../engine/errors/lab-error";
import { cgroupAdvice, cgroupRefusal, nestedEngine } from "../engine/nested";
import { createOptions } from "../engine/resources/container";
import { unframe } from "../engine/resources/containers";
import type { Tools } from "./step";

/**
 * Builds the host image: the image `from` with the given images preloaded in its engine. A real dockerd loads them.
 *
 * Shell: `docker save IMAGE | docker cp - BAKE:/load`, `docker start BAKE`, `docker commit BAKE TAG`.
 *
 * @throws LabError `IMAGE_MISSING` with the output of the inner engine.
 */
export async function bakeHost(
  docker: Docker,
  from: string,
  tag: string,
  images: readonly string[],
  tools: Tools,
): Promise<void> {
  tools.progress("preloading images");
  const name = `wirebook-bake-${tag.slice(tag.indexOf(":") + 1)}`;
  // Remove the container of an interrupted bake.
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
      const output = unframe(await container.logs({ stdout: true, stderr: true }));
      const refusal = cgroupRefusal(output);
      throw new LabError("IMAGE_MISSING", {
        where: "host",
        found:
          refusal === undefined
            ? "the Docker engine of the host image could not load the images of the labs"
            : `the Docker engine of the host image could not get its own control groups: ${refusal}`,
        advice:
          refusal === undefined
            ? "Its output below names the cause. Fix that, then run npm start again."
            : cgroupAdvice,
        cause: new Error(output),
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
