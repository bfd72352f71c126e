/**
 * A question that the snapshot cannot answer. `key` is the same wherever the same fact is asked for, so that one branch
 * never assumes both answers; `yes` and `no` say in words what each branch depends on.
 */
export interface UnknownCondition {
  readonly kind: "unknown";
  readonly key: string;
  readonly yes: string;
  readonly no: string;
}

export function unknownCondition(key: string, yes: string, no: string): UnknownCondition {
  return { kind: "unknown", key, yes, no };
}

/** Parts of a packet's header that whoever asks may not know; matches on them are then followed both ways. */
export type UnknownField = "length" | "ttl" | "tos" | "mac" | "owner" | "payload" | "mark";
