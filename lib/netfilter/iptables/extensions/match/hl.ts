import { timeToLive } from "../shared/hop-limit";

export const hl = timeToLive("hl", "ipv6");
