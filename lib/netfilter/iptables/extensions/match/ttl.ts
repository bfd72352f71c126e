import { timeToLive } from "../shared/hop-limit";

export const ttl = timeToLive("ttl", "ipv4");
