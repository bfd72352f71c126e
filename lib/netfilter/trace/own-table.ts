/**
 * The name of the nf_tables table that a live trace adds and removes. Its chains select the packets and report their
 * headers; they never decide about one.
 */
export const OWN_TABLE = "wirebook-trace";
