export * from "./action";
export * from "./doubt";
export * from "./hook";
export * from "./match";
export * from "./packet";
export * from "./path";
export * from "./problem";
export * from "./ruleset";
