import { spi } from "../shared/spi";

/** Matches the SPI of ESP packets (xt_esp.c). */
export const esp = spi("esp", 50);
