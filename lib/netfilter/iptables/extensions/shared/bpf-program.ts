/** One instruction of classic BPF (linux/filter.h, sock_filter). */
interface Instruction {
  readonly code: number;
  readonly jumpTrue: number;
  readonly jumpFalse: number;
  readonly constant: number;
}

const LD = [0x20, 0x28, 0x30];

const ABSOLUTE = new Set(LD);

const INDIRECT = [0x40, 0x48, 0x50];

const ALU = [0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0].flatMap((each) => [
  each | 0x04,
  each | 0x0c,
]);

const NEG = 0x84;

const JA = 0x05;

const COMPARE = new Set([0x10, 0x20, 0x30, 0x40].flatMap((each) => [each | 0x05, each | 0x0d]));

const RETURNS = new Set([0x06, 0x16]);

const LOADS = new Set([0x60, 0x61]);

const STORES = new Set([0x02, 0x03]);

/** Loads of lengths, immediate values and the IP header's length, and copies between A and X. */
const OTHERS = [0x80, 0x81, 0x00, 0x01, 0xb1, 0x07, 0x87];

const KNOWN = new Set([
  ...LD,
  ...INDIRECT,
  ...ALU,
  NEG,
  JA,
  ...COMPARE,
  ...RETURNS,
  ...LOADS,
  ...STORES,
  ...OTHERS,
]);

const DIVIDES = new Set([0x34, 0x94]);

const SHIFTS = new Set([0x64, 0x74]);

/** Words of scratch memory (BPF_MEMWORDS). */
const WORDS = 16;

/** Offsets from SKF_AD_OFF on read metadata of the packet. Only this many bytes of them have a meaning. */
const ANCILLARY = 0xfffff000;

const LAST_ANCILLARY = 60;

function isSound({ code, constant }: Instruction): boolean {
  if (!KNOWN.has(code)) return false;
  if (DIVIDES.has(code)) return constant !== 0;
  if (SHIFTS.has(code)) return constant < 32;
  if (LOADS.has(code) || STORES.has(code)) return constant < WORDS;
  if (!ABSOLUTE.has(code) || constant < ANCILLARY) return true;
  const offset = constant - ANCILLARY;
  return offset <= LAST_ANCILLARY && offset % 4 === 0;
}

/** The instructions that may run next, as offsets from the next one. */
function leadsTo({ code, jumpTrue, jumpFalse, constant }: Instruction): readonly number[] {
  if (RETURNS.has(code)) return [];
  if (code === JA) return [constant];
  return COMPARE.has(code) ? [jumpTrue, jumpFalse] : [0];
}

/**
 * Whether the kernel accepts a program (net/core/filter.c, bpf_check_classic): it has only known instructions, jumps
 * inside the program, a return at the end, and writes scratch memory before it reads it.
 */
export function isValidProgram(instructions: readonly Instruction[]): boolean {
  const last = instructions.at(-1);
  if (!last || !RETURNS.has(last.code) || !instructions.every(isSound)) return false;
  const written = instructions.map(() => 0xffff);
  for (const [index, instruction] of instructions.entries()) {
    const { code, constant } = instruction;
    let words = index === 0 ? 0 : (written[index] ?? 0);
    if (LOADS.has(code) && !(words & (1 << constant))) return false;
    if (STORES.has(code)) words |= 1 << constant;
    for (const offset of leadsTo(instruction)) {
      const to = index + 1 + offset;
      if (to >= instructions.length) return false;
      written[to] = (written[to] ?? 0) & words;
    }
  }
  return true;
}
