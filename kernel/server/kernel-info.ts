import { readFileSync } from "node:fs";
import path from "node:path";
import { isRecord } from "../link/is-record";
import { type Content, PROTOCOL_VERSION } from "../wire/message";

/** Reads the version from a package.json file. */
function versionIn(file: string): string {
  const manifest: unknown = JSON.parse(readFileSync(file, "utf8"));
  return isRecord(manifest) ? String(manifest["version"]) : "";
}

const VERSION = versionIn(path.join(__dirname, "..", "..", "package.json"));
const TYPESCRIPT = versionIn(require.resolve("typescript-classic/package.json"));

/** The content of `kernel_info_reply`. */
export function kernelInfo(): Content {
  return {
    status: "ok",
    protocol_version: PROTOCOL_VERSION,
    implementation: "wirebook",
    implementation_version: VERSION,
    banner: `TypeScript on Node ${process.versions.node} (Wirebook ${VERSION})`,
    help_links: [
      { text: "TypeScript handbook", url: "https://www.typescriptlang.org/docs/handbook/intro.html" },
      { text: "Node.js", url: "https://nodejs.org/api/" },
    ],
    debugger: false,
    supported_features: [],
    language_info: {
      name: "typescript",
      version: TYPESCRIPT,
      mimetype: "text/typescript",
      file_extension: ".ts",
      // A string, because strict clients reject an object.
      codemirror_mode: "typescript",
      pygments_lexer: "typescript",
      nbconvert_exporter: "script",
    },
  };
}
