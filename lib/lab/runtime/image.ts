import { type ImageName, imageNames, imageTag } from "../../setup/images";

/** Returns the full reference of an image. Expands the short names of Wirebook's images and returns others unchanged. */
export function imageReference(name: string): string {
  const own = imageNames.find((each) => each === name);
  return own === undefined ? name : imageTag(own);
}

/** True if `image` is the short name or the full reference of Wirebook's image `name`. */
export function isImage(image: string, name: ImageName): boolean {
  return image === name || image === imageTag(name);
}

/** True for Wirebook's images. The programs that they run by default don't exit on their own. */
export function isWirebookImage(image: string): boolean {
  return imageNames.some((name) => isImage(image, name));
}
