import type { Extension } from "../../extension";
import { sap } from "./802_3";
import { amongMatch } from "./among";
import { arp } from "./arp";
import { header } from "./header";
import { ip } from "./ip";
import { ip6 } from "./ip6";
import { limit } from "./limit";
import { log } from "./log";
import { markMatch } from "./mark_m";
import { nflog } from "./nflog";
import { pkttype } from "./pkttype";
import { stp } from "./stp";
import { vlan } from "./vlan";

/** Every match of ebtables. A shortened option means the first one in this order that starts with it. */
export const EBTABLES_MATCHES: readonly Extension[] = [
  header,
  ip,
  ip6,
  arp,
  vlan,
  sap,
  stp,
  pkttype,
  markMatch,
  limit,
  amongMatch,
  log,
  nflog,
];
