const { relative } = require("node:path");
const { default: Sequencer } = require("@jest/test-sequencer");

/**
 * The test files that take longest, longest first. They start first: if one of them started last, the other worker would
 * be idle while it runs. Without durations of an earlier run, which a clean clone lacks, Jest sorts by the size of the file.
 */
const LONGEST = [
  "test/notebooks/lessons.test.ts",
  "kernel/server/lifecycle.test.ts",
  "test/notebooks/recordings.test.ts",
  "test/labs/engines.test.ts",
  "test/notebooks/chapters.test.ts",
  "test/labs/examples.test.ts",
  "test/labs/crowd.test.ts",
];

module.exports = class extends Sequencer {
  sort(tests) {
    const rank = ({ path, context }) => {
      const at = LONGEST.indexOf(relative(context.config.rootDir, path));
      return at < 0 ? LONGEST.length : at;
    };
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
  }
};
