// Which module may import which. Run by `npm run check`; design and module map: ARCHITECTURE.md.

// pcap.ts hashes payloads with node:crypto, and collect.ts runs commands.
const PURE_INSPECT = "^lib/inspect/(?!collect[.]ts$|read/pcap[.]ts$)";

const PURE = ["^lib/netfilter/", "^lib/chart/", PURE_INSPECT];
const TEST = "[.]test[.]ts$|/golden/";

module.exports = {
  forbidden: [
    {
      name: "no-cycle",
      comment: "Imports point one way.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "pure-without-node",
      comment:
        "The pure modules get the same result from the same values everywhere: no files, no processes, no clock.",
      severity: "error",
      from: { path: PURE, pathNot: TEST },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "pure-without-engine",
      comment: "The pure modules know nothing of Docker, labs and commands.",
      severity: "error",
      from: { path: PURE, pathNot: TEST },
      to: { path: "^lib/(engine|lab|setup|cli|exercise)/|^lib/inspect/collect[.]ts$" },
    },
    {
      name: "inspect-without-netfilter",
      comment: "Snapshots are the model's input, so netfilter imports inspect and not the other way round.",
      severity: "error",
      from: { path: "^lib/inspect/" },
      to: { path: "^lib/(netfilter|chart)/" },
    },
    {
      name: "engine-without-lab",
      comment: "The engine is the lowest layer that touches Docker.",
      severity: "error",
      from: { path: "^lib/engine/" },
      to: { path: "^lib/(?!engine/|without-undefined[.]ts$)" },
    },
    {
      name: "kernel-without-lib",
      comment: "Both meet at two symbols (Jupyter.display, Jupyter.cell), and setup.mjs starts both.",
      severity: "error",
      from: { path: "^kernel/" },
      to: { path: "^lib/" },
    },
    {
      name: "lib-without-kernel",
      comment: "The library also works in other programs than our kernel.",
      severity: "error",
      from: { path: "^lib/" },
      to: { path: "^kernel/" },
    },
    {
      name: "no-unresolvable",
      comment: "An import leads to a file or a package that exists.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // typescript 7 has no JavaScript API; SWC, which Jest uses as well, reads the same syntax.
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)dist/|[.]wirebook/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["node", "require", "import", "types"],
    },
  },
};
