import { existsSync } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { LabError } from "../engine/errors/lab-error";
import { imageFolder } from "./images";
import { follow } from "./progress";
import type { Tools } from "./step";

const slim = "debian:trixie-slim";
const made = { repo: "wirebook/debian", tag: "trixie" };
const registryAnswersWithin = 10_000;

/**
 * The Debian that the base image starts from: `debian:trixie-slim` when the engine holds it or a registry
 * answers, else the same made by debootstrap and imported as `wirebook/debian:trixie`.
 *
 * @returns the reference of an image that the engine now holds.
 */
export async function debianImage(docker: Docker, tools: Tools): Promise<string> {
  const imported = `${made.repo}:${made.tag}`;
  for (const reference of [slim, imported]) {
    if (await holds(docker, reference)) return reference;
  }
  if (await pulls(docker, tools)) return slim;
  await bootstrap(docker, tools);
  return imported;
}

function holds(docker: Docker, reference: string): Promise<boolean> {
  return docker
    .getImage(reference)
    .inspect()
    .then(
      () => true,
      () => false,
    );
}

/** Whether the registry gave the image. It has a few seconds to begin; a pull that has begun may take its time. */
async function pulls(docker: Docker, { progress, signal }: Tools): Promise<boolean> {
  progress(`asking the registry for ${slim}`);
  const silence = new AbortController();
  const deadline = setTimeout(() => silence.abort(), registryAnswersWithin);
  try {
    const stream = await docker.pull(slim, { abortSignal: AbortSignal.any([silence.signal, signal]) });
    clearTimeout(deadline);
    await follow(stream, progress);
    return true;
  } catch {
    signal.throwIfAborted();
    progress("no registry answers");
    return false;
  } finally {
    clearTimeout(deadline);
  }
}

async function bootstrap(docker: Docker, tools: Tools): Promise<void> {
  const script = join(imageFolder("base"), "rootfs.sh");
  if (process.getuid?.() !== 0) {
    throw new LabError("IMAGE_MISSING", {
      where: "base",
      found: `no registry gives ${slim}, and to make it takes root`,
      advice: `Run once: sudo apt-get install debootstrap && sudo sh ${script} | docker import - ${made.repo}:${made.tag}`,
    });
  }
  if (!existsSync("/usr/sbin/debootstrap")) await tools.install("debootstrap");
  // To a file first: a tar that breaks off half-way would be imported without complaint.
  const folder = await mkdtemp(join(tmpdir(), "wirebook-debian-"));
  try {
    const path = join(folder, "rootfs.tar");
    const tar = await open(path, "w");
    // A temporary folder is often mounted nodev, where debootstrap refuses to work; /var/tmp hardly ever.
    await tools.run("env", ["TMPDIR=/var/tmp", "sh", script], { output: tar.fd }).finally(() => tar.close());
    await follow(await docker.importImage(path, made), () => {});
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
