import type Docker from "dockerode";
import { findEndpoint } from "../engine/connection/endpoint";
import { dial } from "../engine/connection/transport";
import { ensureImages, missingImages } from "./build";
import type { Step } from "./step";

export { ensureImages, missingImages, removeImages } from "./build";
export { engineByHand, engineStep } from "./engine";
export { type ImageName, imageNames, imageTag } from "./images";
export type { Step, Tools } from "./step";

const engine = (): Docker => dial(findEndpoint());

/** The setup step that builds the images for containers of a lab. */
export const imagesStep: Step = {
  name: "images",
  needed: async () => (await missingImages(engine())).length > 0,
  run: async (tools) => {
    await ensureImages(engine(), tools);
  },
};
