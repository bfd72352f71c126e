/** Versions of iptables whose spelling and checks are known: Debian 12 ships 1.8.9, Debian 13 ships 1.8.11. */
export const IPTABLES_VERSIONS = ["1.8.9", "1.8.11"] as const;

export type IptablesVersion = (typeof IPTABLES_VERSIONS)[number];

/** As which version rules are printed when none is asked for. */
export const DEFAULT_IPTABLES: IptablesVersion = "1.8.9";

/**
 * Everything in which the known versions read or print a rule differently.
 *
 * The rules of `golden/` were loaded with the real tools of both versions. In some things this library follows 1.8.11
 * whatever the version, so that they are not listed here; `golden/README.md` names them.
 */
export interface IptablesBehaviour {
  readonly version: IptablesVersion;
  /** `-p` prints a name from /etc/protocols, or only one that iptables itself knows (xshared.c, save_rule_details). */
  readonly protocolNames: "system" | "built-in";
  /** `-oeth0` and `--jump=ACCEPT`: the value of `-s -d -i -o -p -j` may be attached (xshared.c, do_parse). */
  readonly attachedValues: boolean;
  /** `-j CONTINUE` is no target, so that nothing is printed of it (xshared.c, do_parse). */
  readonly continueIsNoTarget: boolean;
  /** A mask with holes counts as it is. Otherwise it becomes a whole address (xtoptions.c, xtopt_parse_plenmask). */
  readonly masksWithHoles: boolean;
  /** Highest queue of `--queue-balance` (libxt_NFQUEUE.c). */
  readonly lastBalancedQueue: number;
  /** `--icmp-type 255/1` prints with its code, though the kernel ignores it, or as `any` (libipt_icmp.c). */
  readonly anyIcmpKeepsCode: boolean;
  /**
   * Names of device groups and realms are known. iptables looks for them in /etc/iproute2, where Debian 13's iproute2 has
   * none (libxt_devgroup.c, libipt_realm.c).
   */
  readonly groupNames: boolean;
  /**
   * Ports and flags that iptables-nft-save reads back belong to the first tcp or udp match of the rule, also if that one is
   * a match of x_tables (nft-ruleparse.c, nft_create_match).
   */
  readonly expressionsJoinMatch: boolean;
  /** `arptables -j MARK --set-mark` has a mask of all bits, or of none (libxt_MARK.c, mark_tg_arp_parse). */
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

/** What a version does where the versions differ. */
export const behaviourOf = (version: IptablesVersion): IptablesBehaviour => BEHAVIOUR[version];

/** The known version that a dump's header comment stands for: 1.8.10 and later behave like 1.8.11. */
export function versionOfHeader(word: string): IptablesVersion {
  const [major = 0, minor = 0, patch = 0] = word.split(".").map((part) => Number.parseInt(part, 10) || 0);
  if (major !== 1) return major > 1 ? "1.8.11" : "1.8.9";
  if (minor !== 8) return minor > 8 ? "1.8.11" : "1.8.9";
  return patch >= 10 ? "1.8.11" : "1.8.9";
}
