import { number, U64 } from "../../values/number";
import { invertible, match } from "../declare";

export const quota = match("quota", { options: [invertible("quota", number(0, U64), { required: true })] });
