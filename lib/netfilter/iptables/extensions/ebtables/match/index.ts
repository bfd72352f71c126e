import type { Extension } from "../../extension";
import { sap } from "./802_3";
import { among } from "./among";
import { arp } from "./arp";
import { header } from "./header";
import { ip } from "./ip";
import { ip6 } from "./ip6";
import { limit } from "./limit";
import { log } from "./log";
import { mark_m } from "./mark_m";
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
  mark_m,
  limit,
  among,
  log,
  nflog,
];
