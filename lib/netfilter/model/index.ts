export * from "./action";
export * from "./hook";
export * from "./match";
export * from "./packet";
export * from "./problem";
export * from "./ruleset";
export * from "./traversal";
export * from "./unknown-condition";
