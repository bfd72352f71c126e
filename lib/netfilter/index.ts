export * from "./iptables";
export * from "./model";
