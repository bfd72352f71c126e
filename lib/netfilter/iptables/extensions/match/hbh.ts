import { extensionHeader } from "../shared/ipv6-options-header";

export const hbh = extensionHeader("hbh");
