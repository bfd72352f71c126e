import { existsSync } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { imageFolder } from "./images";
import { follow, type Progress } from "./progress";
import { run } from "./run";

const slim = "debian:bookworm-slim";
const made = "wirebook/debian:bookworm";
const registryAnswersWithin = 10_000;

/**
 * The Debian that the base image starts from: `debian:bookworm-slim` when the engine holds it or a registry
 * answers, else the same made by debootstrap and imported as `wirebook/debian:bookworm`.
 *
 * @returns the reference of an image that the engine now holds.
 */
export async function debianImage(docker: Docker, progress: Progress): Promise<string> {
  for (const reference of [slim, made]) {
    if (await holds(docker, reference)) return reference;
  }
  if (await pulls(docker, progress)) return slim;
  await bootstrap(docker, progress);
  return made;
}

async function holds(docker: Docker, reference: string): Promise<boolean> {
  return docker
    .getImage(reference)
    .inspect()
    .then(
      () => true,
      () => false,
    );
}

/** Whether the registry gave the image. It has a few seconds to begin; a pull that has begun may take its time. */
async function pulls(docker: Docker, progress: Progress): Promise<boolean> {
  progress(`asking the registry for ${slim}`);
  const begun = new AbortController();
  const deadline = setTimeout(() => begun.abort(), registryAnswersWithin);
  try {
    const stream: NodeJS.ReadableStream = await docker.pull(slim, { abortSignal: begun.signal });
    clearTimeout(deadline);
    await follow(stream, progress);
    return true;
  } catch {
    progress("no registry answers");
    return false;
  } finally {
    clearTimeout(deadline);
  }
}

async function bootstrap(docker: Docker, progress: Progress): Promise<void> {
  const root = process.getuid?.() === 0;
  if (!existsSync("/usr/sbin/debootstrap")) {
    if (!root || !existsSync("/usr/bin/apt-get")) {
      throw new Error(
        `IMAGE_SOURCE_MISSING  base: no registry gives ${slim}, and debootstrap is not installed.\n  Connect to the internet, or bring the image with: docker load, or install: sudo apt-get install debootstrap`,
      );
    }
    await run("apt-get", ["update", "-q"], progress);
    await run("apt-get", ["install", "-qy", "--no-install-recommends", "debootstrap"], progress);
  }
  if (!root) {
    throw new Error(
      `IMAGE_SOURCE_MISSING  base: no registry gives ${slim}, and debootstrap needs root.\n  Run once: sudo sh ${join(imageFolder("base"), "rootfs.sh")} | docker import - ${made}`,
    );
  }
  // To a file first: a tar that breaks off half-way would be imported without complaint.
  const folder = await mkdtemp(join(tmpdir(), "wirebook-debian-"));
  try {
    const tar = await open(join(folder, "rootfs.tar"), "w");
    await run("sh", [join(imageFolder("base"), "rootfs.sh")], progress, { output: tar.fd });
    await tar.close();
    await follow(
      await docker.importImage(join(folder, "rootfs.tar"), { repo: "wirebook/debian", tag: "bookworm" }),
      () => {},
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
