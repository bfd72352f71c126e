import { target } from "../declare";

export const NOTRACK = target("NOTRACK", {
  tables: ["raw"],
  act: () => ({ kind: "notrack" }),
});
