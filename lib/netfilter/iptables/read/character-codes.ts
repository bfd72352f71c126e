/**
 * Character codes that the readers compare with. Comparing codes avoids one string per character.
 *
 * Files take the codes they need into constants of their own (`const { SPACE } = CODE`), because reading an imported binding
 * for each character is slower.
 */
export const CODE = {
  TAB: 9,
  LF: 10,
  CR: 13,
  SPACE: 32,
  BANG: 33,
  QUOTE: 34,
  HASH: 35,
  STAR: 42,
  DASH: 45,
  DOT: 46,
  SLASH: 47,
  ZERO: 48,
  NINE: 57,
  COLON: 58,
  UPPER_A: 65,
  OPEN_BRACKET: 91,
  BACKSLASH: 92,
  LOWER_G: 103,
  LOWER_J: 106,
  LOWER_M: 109,
  BYTE_ORDER_MARK: 0xfeff,
} as const;
