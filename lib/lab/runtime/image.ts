import { type ImageName, imageNames, imageTag } from "../../setup/images";

/** The full reference of an image: Wirebook's own by their short names, every other as it is written. */
export function imageReference(name: string): string {
  const own = imageNames.find((each) => each === name);
  return own === undefined ? name : imageTag(own);
}

/** True when `image` is Wirebook's own image `name`, by its short or its full name. */
export function isOurs(image: string, name: ImageName): boolean {
  return image === name || image === imageTag(name);
}

/** True for every image of Wirebook's own: what they run by themselves stays. */
export function isOwn(image: string): boolean {
  return imageNames.some((name) => isOurs(image, name));
}
