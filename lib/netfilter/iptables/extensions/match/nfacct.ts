import { text } from "../../values/text";
import { match, option } from "../declare";

export const nfacct = match("nfacct", {
  options: [option("nfacct-name", text(31, false), { required: true })],
});
