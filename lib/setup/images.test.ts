import { readFileSync } from "node:fs";
import { join } from "node:path";
import { imageFolder, imageNames, imageParents, imageTag } from "./images";

test("a tag is the repository of the image and a stable hash", () => {
  for (const name of imageNames) {
    expect(imageTag(name)).toMatch(new RegExp(`^wirebook/${name}:[0-9a-f]{12}$`));
    expect(imageTag(name)).toBe(imageTag(name));
  }
  expect(new Set(imageNames.map(imageTag)).size).toBe(imageNames.length);
});

test("every image follows the images it is built on", () => {
  for (const [index, name] of imageNames.entries()) {
    for (const parent of imageParents[name]) expect(imageNames.indexOf(parent)).toBeLessThan(index);
  }
});

test("every stage of every Dockerfile has a label, so that only our images are removed", () => {
  for (const name of imageNames) {
    const dockerfile = readFileSync(join(imageFolder(name), "Dockerfile"), "utf8");
    const stages = dockerfile.match(/^FROM /gm)?.length;
    expect(dockerfile.match(/^LABEL wirebook=(image|stage)$/gm)).toHaveLength(stages ?? 0);
  }
});
