import { npt } from "../shared/prefix-translation";

export const DNPT = npt("DNPT", ["PREROUTING", "OUTPUT"]);
