import type Docker from "dockerode";
import { LabError } from "../engine/errors/lab-error";
import { debianImage } from "./debian";
import { bakeHost } from "./host";
import { type ImageName, imageFolder, imageNames, imageParents, imageTag } from "./images";
import { follow } from "./progress";
import type { Tools } from "./step";

/** Returns the images of this version that the engine does not have yet, in build order. */
export async function missingImages(docker: Docker): Promise<ImageName[]> {
  const held = new Set(
    (await docker.listImages({ filters: { label: ["wirebook=image"] } })).flatMap(
      (image) => image.RepoTags ?? [],
    ),
  );
  return imageNames.filter((name) => !held.has(imageTag(name)));
}

/**
 * Builds the images that the engine does not have yet, and removes unused images of earlier versions.
 *
 * Shell: `docker build -t wirebook/NAME:HASH images/NAME` for each.
 *
 * @returns the names of the built images.
 * @throws LabError `IMAGE_MISSING` with the last lines of the failed build.
 */
export async function ensureImages(docker: Docker, tools: Tools): Promise<readonly ImageName[]> {
  const missing = await missingImages(docker);
  const building = new Map<ImageName, Promise<void>>();
  for (const name of missing) {
    const parents = imageParents[name].map((parent) => building.get(parent));
    const named: Tools = { ...tools, progress: (text) => tools.progress(`${name}: ${text}`) };
    building.set(
      name,
      Promise.all(parents).then(() => build(docker, name, named)),
    );
  }
  // Wait for all builds before rethrowing the first failure: otherwise the others continue after the error.
  const ends = await Promise.allSettled(building.values());
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  if (missing.length > 0) await removeLeftovers(docker, missing);
  return missing;
}

async function build(docker: Docker, name: ImageName, tools: Tools): Promise<void> {
  if (name === "base") {
    await dockerfile(docker, name, imageTag(name), { DEBIAN: await debianImage(docker, tools) }, tools);
  } else if (name === "host") {
    const engine = `${imageTag(name)}-engine`;
    await dockerfile(docker, name, engine, { BASE: imageTag("base") }, tools);
    await bakeHost(docker, engine, imageTag(name), imageParents.host.map(imageTag), tools);
  } else {
    await dockerfile(docker, name, imageTag(name), { BASE: imageTag("base") }, tools);
  }
}

async function dockerfile(
  docker: Docker,
  name: ImageName,
  tag: string,
  args: Record<string, string>,
  tools: Tools,
): Promise<void> {
  tools.signal.throwIfAborted();
  const output: string[] = [];
  try {
    const stream = await docker.buildImage(
      { context: imageFolder(name), src: ["."] },
      { t: tag, buildargs: args, rm: true, forcerm: true, abortSignal: tools.signal },
    );
    await follow(stream, (text) => {
      output.push(text);
      tools.progress(text);
    });
  } catch (cause) {
    tools.signal.throwIfAborted();
    throw new LabError("IMAGE_MISSING", {
      where: name,
      found: `building images/${name} failed\n${output.slice(-12).join("\n")}`,
      advice: "See the output above. Fix the cause, then run the command again.",
      cause,
    });
  }
}

/** Removes unused earlier versions of the images just built, and unused build stages. */
async function removeLeftovers(docker: Docker, built: readonly ImageName[]): Promise<void> {
  const images = await docker.listImages({ filters: { label: ["wirebook"] } });
  const current = new Set(imageNames.map(imageTag));
  const old = images
    .flatMap((image) => image.RepoTags ?? [])
    .filter((tag) => built.some((name) => tag.startsWith(`wirebook/${name}:`)) && !current.has(tag));
  const stages = await docker.listImages({ filters: { label: ["wirebook=stage"], dangling: ["true"] } });
  for (const reference of [...old, ...stages.map((image) => image.Id)]) {
    await docker.getImage(reference).remove().catch(ignoreInUse);
  }
}

/**
 * Removes all unused images of Wirebook, of all versions.
 *
 * Shell: `docker rmi wirebook/NAME:TAG` for each.
 *
 * @returns the references of the removed images.
 */
export async function removeImages(docker: Docker): Promise<readonly string[]> {
  const tags = (await docker.listImages()).flatMap((image) => image.RepoTags ?? []);
  const removedTags: string[] = [];
  for (const tag of tags.filter((tag) => tag.startsWith("wirebook/"))) {
    const removed = await docker
      .getImage(tag)
      .remove()
      .then(() => true, ignoreInUse);
    if (removed) removedTags.push(tag);
  }
  return removedTags;
}

function ignoreInUse(cause: unknown): void {
  // 409: a container or another image uses it; 404: another process removed it first.
  const status = cause instanceof Error && "statusCode" in cause ? cause.statusCode : undefined;
  if (status !== 409 && status !== 404) throw cause;
}
