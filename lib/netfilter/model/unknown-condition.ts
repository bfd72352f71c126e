/**
 * A condition that cannot be evaluated from the snapshot. Conditions about the same fact have the same `key`, so that one
 * branch never assumes contradicting answers. `yes` and `no` are the texts of what each branch depends on.
 */
export interface UnknownCondition {
  readonly kind: "unknown";
  readonly key: string;
  readonly yes: string;
  readonly no: string;
}

/** Creates an {@link UnknownCondition}. */
export function unknownCondition(key: string, yes: string, no: string): UnknownCondition {
  return { kind: "unknown", key, yes, no };
}

/** A property of a packet that a caller may not know. If it is unknown, both results of a match on it are followed. */
export type UnknownField = "length" | "ttl" | "tos" | "mac" | "owner" | "payload" | "mark";
