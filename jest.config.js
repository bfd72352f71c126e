// Three layers (pure: milliseconds; labs: real containers; notebooks: kernel, nbclient, browser).
// The labs and notebooks layers share one engine.
const common = {
  rootDir: __dirname,
  testEnvironment: "node",
  transform: {
    "^.+\\.[cm]?[jt]s$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "commonjs" } },
    ],
  },
  // vega, vega-lite and d3 are ESM-only packages, which Jest's `require` cannot load without a transform.
  transformIgnorePatterns: [
    "/node_modules/(?!(vega|vega-[a-z-]+|d3|d3-[a-z-]+|internmap|delaunator|robust-predicates)/)",
  ],
  // The Node build of vega-canvas uses top-level await, which CommonJS does not support. The browser build
  // measures text in the same way.
  moduleNameMapper: {
    "^wirebook$": "<rootDir>/lib/index.ts",
    "^vega-canvas$": "<rootDir>/node_modules/vega-canvas/build/vega-canvas.browser.js",
  },
  modulePathIgnorePatterns: ["<rootDir>/(lib|kernel)/dist/", "<rootDir>/.wirebook/"],
  coveragePathIgnorePatterns: ["/node_modules/", "<rootDir>/test/", "[.]test[.]ts$"],
};
module.exports = {
  testSequencer: "<rootDir>/test/sequencer.cjs",
  coverageProvider: "babel",
  coverageDirectory: "<rootDir>/.wirebook/coverage",
  coverageReporters: ["json"],
  projects: [
    {
      ...common,
      displayName: "pure",
      testMatch: ["<rootDir>/lib/**/*.test.ts", "<rootDir>/kernel/**/*.test.ts"],
    },
    { ...common, displayName: "labs", testMatch: ["<rootDir>/test/labs/**/*.test.ts"] },
    { ...common, displayName: "notebooks", testMatch: ["<rootDir>/test/notebooks/**/*.test.ts"] },
  ],
};
