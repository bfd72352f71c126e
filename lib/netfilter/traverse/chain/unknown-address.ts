/** Placeholder of an unknown address. It is not a valid address, so that the result of matches on it is unknown. */
export const UNKNOWN_ADDRESS = "unknown";
