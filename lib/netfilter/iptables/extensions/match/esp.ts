import { spi } from "../shared/spi";

export const esp = spi("esp", 50);
