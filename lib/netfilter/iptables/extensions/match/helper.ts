import { text } from "../../values/text";
import { invertible, match } from "../declare";

export const helper = match("helper", {
  options: [invertible("helper", text(29, true, 0), { required: true })],
});
