import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** An image for containers of a lab; the name of a folder in `images/`. */
export type ImageName = "base" | "pause" | "web" | "proxy" | "host";

/** The images that each image is built on, in build order. */
export const imageParents: Readonly<Record<ImageName, readonly ImageName[]>> = {
  base: [],
  pause: ["base"],
  web: ["base"],
  proxy: ["base"],
  host: ["base", "pause", "web"],
};

/** All images in build order: each follows the images it is built on. */
export const imageNames: readonly ImageName[] = ["base", "pause", "web", "proxy", "host"];

/** Returns the folder with the image's Dockerfile. */
export function imageFolder(name: ImageName): string {
  return join(imagesRoot(), name);
}

const tags = new Map<ImageName, string>();

/**
 * Returns the tag of an image for this version of Wirebook, for example `wirebook/web:3f2a91c04b7d`: a hash of the
 * files in its folder and of the images it is built on. Does not contact an engine; {@link ensureImages} builds it.
 */
export function imageTag(name: ImageName): string {
  const known = tags.get(name);
  if (known !== undefined) return known;
  const hash = createHash("sha256");
  for (const parent of imageParents[name]) hash.update(`${imageTag(parent)}\n`);
  hashFolder(hash, imageFolder(name));
  const tag = `wirebook/${name}:${hash.digest("hex").slice(0, 12)}`;
  tags.set(name, tag);
  return tag;
}

function hashFolder(hash: ReturnType<typeof createHash>, folder: string): void {
  const entries = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((entry) =>
    join(folder, entry),
  );
  for (const path of entries.sort()) {
    const stat = statSync(path);
    if (!stat.isFile()) continue;
    const content = readFileSync(path);
    const executable = (stat.mode & 0o100) !== 0;
    hash.update(`${relative(folder, path)}\0${executable}\0${content.length}\0`).update(content);
  }
}

/** Returns the path of the `images` folder of the repository. Works for this file in `lib` and for its compiled copy in `lib/dist`. */
export function imagesRoot(): string {
  for (let dir = __dirname; dir !== dirname(dir); dir = dirname(dir)) {
    if (existsSync(join(dir, "images", "base", "Dockerfile"))) return join(dir, "images");
  }
  throw new Error(
    `IMAGES_FOLDER_MISSING  ${__dirname}: no parent folder contains images/base/Dockerfile\n  Run Wirebook from a complete clone.`,
  );
}
