import { number, U32 } from "../../values/number";
import { invertible, match } from "../declare";

/** Matches packets that this CPU handles (xt_cpu.c). */
export const cpu = match("cpu", { options: [invertible("cpu", number(0, U32), { required: true })] });
