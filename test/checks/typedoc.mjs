// Runs TypeDoc, which needs the JavaScript API of TypeScript 6: `typescript` 7 has none, so TypeDoc gets the package
// `typescript-classic` under that name.
import { register } from "node:module";

const alias = `export function resolve(name, context, next) {
  return next(name === "typescript" ? "typescript-classic" : name, context);
}`;
register(`data:text/javascript,${encodeURIComponent(alias)}`);
await import("../../node_modules/typedoc/dist/cli.js");
