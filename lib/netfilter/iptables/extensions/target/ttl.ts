import { setTimeToLive } from "../shared/hop-limit";

export const TTL = setTimeToLive("TTL", "ipv4");
