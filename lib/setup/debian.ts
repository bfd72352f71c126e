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
const bootstrapped = { repo: "wirebook/debian", tag: "trixie" };
const REGISTRY_TIMEOUT_MS = 10_000;

/**
 * Provides the Debian image that the base image is built from: `debian:trixie-slim` if the engine has it or can pull
 * it, else an equivalent built with debootstrap and imported as `wirebook/debian:trixie`.
 *
 * @returns the reference of an image that the engine has.
 */
export async function debianImage(docker: Docker, tools: Tools): Promise<string> {
  const imported = `${bootstrapped.repo}:${bootstrapped.tag}`;
  for (const reference of [slim, imported]) {
    if (await hasImage(docker, reference)) return reference;
  }
  if (await tryPull(docker, tools)) return slim;
  await bootstrap(docker, tools);
  return imported;
}

function hasImage(docker: Docker, reference: string): Promise<boolean> {
  return docker
    .getImage(reference)
    .inspect()
    .then(
      () => true,
      () => false,
    );
}

/** Tries to pull the image. The timeout applies only until the registry answers, not to the download. */
async function tryPull(docker: Docker, { progress, signal }: Tools): Promise<boolean> {
  progress(`pulling ${slim}`);
  const timeout = new AbortController();
  const deadline = setTimeout(() => timeout.abort(), REGISTRY_TIMEOUT_MS);
  try {
    const stream = await docker.pull(slim, { abortSignal: AbortSignal.any([timeout.signal, signal]) });
    clearTimeout(deadline);
    await follow(stream, progress);
    return true;
  } catch {
    signal.throwIfAborted();
    progress("the registry does not answer");
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
      found: `${slim} cannot be pulled from a registry, and building it requires root`,
      advice: `Run once: sudo apt-get install debootstrap && sudo sh ${script} | docker import - ${bootstrapped.repo}:${bootstrapped.tag}`,
    });
  }
  if (!existsSync("/usr/sbin/debootstrap")) await tools.install("debootstrap");
  // Write to a file first: the engine imports a truncated tar stream without an error.
  const folder = await mkdtemp(join(tmpdir(), "wirebook-debian-"));
  try {
    const path = join(folder, "rootfs.tar");
    const tar = await open(path, "w");
    // debootstrap fails on file systems mounted with nodev; /tmp often is, /var/tmp rarely.
    await tools.run("env", ["TMPDIR=/var/tmp", "sh", script], { output: tar.fd }).finally(() => tar.close());
    await follow(await docker.importImage(path, bootstrapped), () => {});
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
