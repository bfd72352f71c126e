import { spi } from "../shared/spi";

export const ah = spi("ah", 51, ["ipv4"]);
