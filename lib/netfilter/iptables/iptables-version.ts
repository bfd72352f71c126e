/** Versions of iptables whose spelling and checks are known: Debian 12 ships 1.8.9, Debian 13 ships 1.8.11. */
export const IPTABLES_VERSIONS = ["1.8.9", "1.8.11"] as const;

/**
 * A version of iptables whose checks and output are known.
 *
 * @example
 * import { type IptablesVersion, parseDump } from "wirebook";
 *
 * const iptables: IptablesVersion = "1.8.11";
 * parseDump("*filter\n:INPUT DROP [0:0]\nCOMMIT\n", { iptables });
 */
export type IptablesVersion = (typeof IPTABLES_VERSIONS)[number];

/** The version that is used if neither the options nor the header of the dump name one. */
export const DEFAULT_IPTABLES: IptablesVersion = "1.8.9";

/**
 * All differences in how the known versions read or print a rule, found by loading the rules of `golden/` with the real
 * tools of both versions. `golden/README.md` lists the few differences that are not modelled.
 */
export interface IptablesBehaviour {
  readonly version: IptablesVersion;
  /**
   * The protocols that are printed by name: all in /etc/protocols, or those that iptables itself knows (xshared.c,
   * save_rule_details).
   */
  readonly protocolNames: "system" | "built-in";
  /**
   * The value of `-s -d -i -o -p -j` may be attached to the option, as in `-oeth0` and `--jump=ACCEPT` (xshared.c,
   * do_parse).
   */
  readonly attachedValues: boolean;
  /** `-j CONTINUE` is accepted, but not stored, so that it is not printed (xshared.c, do_parse). */
  readonly continueIsNoTarget: boolean;
  /** Masks with holes are stored. If not, they are replaced by /32 or /128 (xtoptions.c, xtopt_parse_plenmask). */
  readonly masksWithHoles: boolean;
  /** The highest queue of `--queue-balance` (libxt_NFQUEUE.c). */
  readonly lastBalancedQueue: number;
  /**
   * `--icmp-type 255/1` is printed with its code, which the kernel ignores. If not, it is printed as `any`
   * (libipt_icmp.c).
   */
  readonly anyIcmpKeepsCode: boolean;
  /**
   * iptables finds the names of device groups and realms. It reads them from /etc/iproute2, where the iproute2 of
   * Debian 13 has no such files (libxt_devgroup.c, libipt_realm.c).
   */
  readonly groupNames: boolean;
  /**
   * iptables-nft-save adds ports and flags from native expressions to the first tcp or udp match of the rule, even if
   * that one was not translated to expressions (nft-ruleparse.c, nft_create_match).
   */
  readonly expressionsJoinMatch: boolean;
  /**
   * `arptables -j MARK --set-mark` stores a mask of ones. If not, it stores a mask of zeros (libxt_MARK.c,
   * mark_tg_arp_parse).
   */
  readonly arpMarkHasMask: boolean;
}

const BEHAVIOUR: Readonly<Record<IptablesVersion, IptablesBehaviour>> = {
  "1.8.9": {
    version: "1.8.9",
    protocolNames: "system",
    attachedValues: false,
    continueIsNoTarget: false,
    masksWithHoles: false,
    lastBalancedQueue: 65535,
    anyIcmpKeepsCode: false,
    groupNames: true,
    expressionsJoinMatch: false,
    arpMarkHasMask: false,
  },
  "1.8.11": {
    version: "1.8.11",
    protocolNames: "built-in",
    attachedValues: true,
    continueIsNoTarget: true,
    masksWithHoles: true,
    lastBalancedQueue: 65534,
    anyIcmpKeepsCode: true,
    groupNames: false,
    expressionsJoinMatch: true,
    arpMarkHasMask: true,
  },
};

/** How a version reads and prints rules. */
export const behaviourOf = (version: IptablesVersion): IptablesBehaviour => BEHAVIOUR[version];

/** The known version that is closest to that of a header comment: 1.8.11 for 1.8.10 and later, or 1.8.9. */
export function versionOfHeader(word: string): IptablesVersion {
  const [major = 0, minor = 0, patch = 0] = word.split(".").map((part) => Number.parseInt(part, 10) || 0);
  if (major !== 1) return major > 1 ? "1.8.11" : "1.8.9";
  if (minor !== 8) return minor > 8 ? "1.8.11" : "1.8.9";
  return patch >= 10 ? "1.8.11" : "1.8.9";
}
