import { npt } from "../shared/prefix-translation";

export const SNPT = npt("SNPT", ["INPUT", "POSTROUTING"]);
