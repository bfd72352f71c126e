import { number } from "../../../values/number";
import { match, option } from "../../declare";
import { rate } from "../../shared/rate";

/** Matches at a limited rate (ebt_limit.c). */
export const limit = match("limit", {
  families: ["bridge"],
  implicit: true,
  options: [
    option("limit", rate, { defaultValues: () => ["3/hour"] }),
    option("limit-burst", number(1, 10000), { defaultValues: () => ["5"] }),
  ],
});
