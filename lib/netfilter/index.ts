export * from "./iptables";
export * from "./model";
export { words } from "./words";
