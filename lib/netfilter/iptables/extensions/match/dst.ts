import { extensionHeader } from "../shared/ipv6-options-header";

export const dst = extensionHeader("dst");
