export { describeAction } from "./action";
export { describeMatch } from "./match";
export { describeRule } from "./rule";
