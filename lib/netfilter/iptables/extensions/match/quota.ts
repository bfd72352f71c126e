import { number, U64 } from "../../values/number";
import { invertible, match } from "../declare";

/** Matches until a number of bytes was counted (xt_quota.c). */
export const quota = match("quota", { options: [invertible("quota", number(0, U64), { required: true })] });
