import { spi } from "../shared/spi";

/** Matches the SPI of IPv4 authentication headers (ipt_ah.c). */
export const ah = spi("ah", 51, ["ipv4"]);
