import { match } from "../declare";

export const eui64 = match("eui64", { families: ["ipv6"], hooks: ["PREROUTING", "INPUT", "FORWARD"] });
