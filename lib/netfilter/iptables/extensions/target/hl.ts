import { setTimeToLive } from "../shared/hop-limit";

export const HL = setTimeToLive("HL", "ipv6");
