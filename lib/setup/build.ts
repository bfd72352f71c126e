import type Docker from "dockerode";
import { debianImage } from "./debian";
import { bakeHost } from "./host";
import { type ImageName, imageFolder, imageNames, imageParents, imageTag } from "./images";
import { follow, type Progress } from "./progress";

/** Which images of this version the engine does not hold yet, in the order in which they are to be built. */
export async function missingImages(docker: Docker): Promise<ImageName[]> {
  const held = new Set(
    (await docker.listImages({ filters: { label: ["wirebook=image"] } })).flatMap(
      (image) => image.RepoTags ?? [],
    ),
  );
  return imageNames.filter((name) => !held.has(imageTag(name)));
}

/**
 * Builds the images that the engine does not hold yet and removes the ones of earlier versions that no
 * container uses.
 *
 * Shell: `docker build -t wirebook/NAME:HASH images/NAME` for each.
 *
 * @param progress - told what is being done, a line at a time.
 * @throws Error `IMAGE_BUILD_FAILED` with the last lines of the build.
 */
export async function ensureImages(docker: Docker, progress: Progress = () => {}): Promise<ImageName[]> {
  const missing = await missingImages(docker);
  const building = new Map<ImageName, Promise<void>>();
  for (const name of missing) {
    const parents = imageParents[name].map((parent) => building.get(parent));
    building.set(
      name,
      Promise.all(parents).then(() => build(docker, name, progress)),
    );
  }
  await Promise.all(building.values());
  if (missing.length > 0) await removeLeftovers(docker, missing);
  return missing;
}

async function build(docker: Docker, name: ImageName, progress: Progress): Promise<void> {
  const say: Progress = (text) => progress(`${name}: ${text}`);
  if (name === "base") {
    await dockerfile(docker, name, imageTag(name), { DEBIAN: await debianImage(docker, say) }, say);
  } else if (name === "host") {
    const engine = `${imageTag(name)}-engine`;
    await dockerfile(docker, name, engine, { BASE: imageTag("base") }, say);
    await bakeHost(docker, engine, imageTag(name), imageParents.host.map(imageTag), say);
  } else {
    await dockerfile(docker, name, imageTag(name), { BASE: imageTag("base") }, say);
  }
}

async function dockerfile(
  docker: Docker,
  name: ImageName,
  tag: string,
  args: Record<string, string>,
  say: Progress,
): Promise<void> {
  const stream = await docker.buildImage(
    { context: imageFolder(name), src: ["."] },
    { t: tag, buildargs: args, rm: true, forcerm: true },
  );
  const said: string[] = [];
  try {
    await follow(stream, (text) => {
      said.push(text);
      say(text);
    });
  } catch (cause) {
    throw new Error(
      `IMAGE_BUILD_FAILED  images/${name} does not build.\n${said.slice(-12).join("\n")}\n  Look at the last lines; run the command again when the cause is gone.`,
      { cause },
    );
  }
}

/** Removes earlier versions of the images just built, and the stages they were built in, where nothing uses them. */
async function removeLeftovers(docker: Docker, built: readonly ImageName[]): Promise<void> {
  const images = await docker.listImages({ filters: { label: ["wirebook"] } });
  const current = new Set(imageNames.map(imageTag));
  const old = images
    .flatMap((image) => image.RepoTags ?? [])
    .filter((tag) => {
      return built.some((name) => tag.startsWith(`wirebook/${name}:`)) && !current.has(tag);
    });
  const stages = await docker.listImages({ filters: { label: ["wirebook=stage"], dangling: ["true"] } });
  for (const reference of [...old, ...stages.map((image) => image.Id)]) {
    await docker.getImage(reference).remove().catch(ignoreInUse);
  }
}

function ignoreInUse(cause: unknown): void {
  // 409: a container or another image is made from it; 404: another process removed it first.
  const status = cause instanceof Error && "statusCode" in cause ? cause.statusCode : undefined;
  if (status !== 409 && status !== 404) throw cause;
}
