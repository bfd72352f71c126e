import { readFileSync } from "node:fs";
import { join } from "node:path";
import { imageFolder, imageNames, imageParents, imageTag } from "./images";

test("a tag is the repository of the image and a hash that does not change by itself", () => {
  for (const name of imageNames) {
    expect(imageTag(name)).toMatch(new RegExp(`^wirebook/${name}:[0-9a-f]{12}$`));
    expect(imageTag(name)).toBe(imageTag(name));
  }
  expect(new Set(imageNames.map(imageTag)).size).toBe(imageNames.length);
});

test("every image comes after the ones it is built on", () => {
  for (const [index, name] of imageNames.entries()) {
    for (const parent of imageParents[name]) expect(imageNames.indexOf(parent)).toBeLessThan(index);
  }
});

test("every Dockerfile labels what it makes, so that only images of ours are ever removed", () => {
  for (const name of imageNames) {
    const dockerfile = readFileSync(join(imageFolder(name), "Dockerfile"), "utf8");
    const stages = dockerfile.match(/^FROM /gm)?.length;
    expect(dockerfile.match(/^LABEL wirebook=(image|stage)$/gm)).toHaveLength(stages ?? 0);
  }
});
