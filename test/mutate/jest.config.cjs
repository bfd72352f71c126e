// The pure tests, without the other projects: Stryker runs one Jest project.
const { displayName: _, ...pure } = require("../../jest.config.js").projects[0];
const folders = process.env.WIREBOOK_MUTATE_TESTS?.split(",");
module.exports = {
  ...pure,
  ...(folders && { testMatch: folders.map((folder) => `<rootDir>/${folder}/**/*.test.ts`) }),
};
