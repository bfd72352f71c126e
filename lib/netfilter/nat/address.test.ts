import { addressWords } from "../routing/address";
import { chooseAddress } from "./address";

const words = (text: string) => addressWords(text) ?? [];

describe("a DNAT range chooses its address as the kernel does", () => {
  // Measured on kernel 6.18 with legacy and nft: -j DNAT --to-destination 10.1.0.10-10.1.0.13, from 10.1.0.1.
  test.each([
    ["9.9.9.9", "10.1.0.13"],
    ["9.9.9.8", "10.1.0.11"],
    ["9.9.9.7", "10.1.0.13"],
  ])("for a packet to %s it is %s", (dst, chosen) => {
    const range = { from: words("10.1.0.10"), to: words("10.1.0.13") };
    const options = { persistent: false, zone: 0, replaces: "dst" } as const;
    expect(chooseAddress(range, words("10.1.0.1"), words(dst), options)).toBe(chosen);
  });
});
