import { RuleSyntaxError } from "../../rule-syntax-error";
import { paddedHex } from "../../values/hex";
import { number, U32 } from "../../values/number";
import type { ValueType } from "../../values/value-type";
import { invertible, match, option } from "../declare";

const hex8 = paddedHex(8, U32);

/** Most nodes of a cluster (XT_CLUSTER_NODES_MAX). */
const NODES = 32;

/** libxt_cluster.c checks the mask as if it were the number of a node, so that only masks up to 32 are valid. */
const nodeMask: ValueType = {
  expected: `a mask of nodes, 1 to ${NODES}`,
  read: (word, context) => hex8.read(number(1, NODES, "a mask of nodes").read(word, context), context),
};

/** Matches the share of connections that one node of a cluster handles (xt_cluster.c). */
export const cluster = match("cluster", {
  oneOf: ["cluster-local-node", "cluster-local-nodemask"],
  options: [
    invertible("cluster-local-node", number(1, NODES), { excludes: ["cluster-local-nodemask"] }),
    invertible("cluster-local-nodemask", nodeMask, { excludes: ["cluster-local-node"] }),
    option("cluster-total-nodes", number(1, NODES), { required: true }),
    option("cluster-hash-seed", hex8, { required: true }),
  ],
  check: (options) => {
    const total = Number(options.get("cluster-total-nodes")?.values[0]);
    const local = options.get("cluster-local-node");
    if (local && Number(local.values[0]) > total)
      throw new RuleSyntaxError(`node ${local.values[0]} is not one of ${total} nodes`, `1 to ${total}`);
    const mask = Number(
      local ? 2 ** (Number(local.values[0]) - 1) : options.get("cluster-local-nodemask")?.values[0],
    );
    if (mask === 0) throw new RuleSyntaxError("the mask has no node", "one bit for each node");
    if (mask >= 2 ** total)
      throw new RuleSyntaxError(
        "the mask has more nodes than --cluster-total-nodes",
        `at most ${total} nodes`,
      );
    const inverted = (local ?? options.get("cluster-local-nodemask"))?.inverted ?? false;
    options.delete("cluster-local-node");
    options.set("cluster-local-nodemask", { inverted, values: [`0x${mask.toString(16).padStart(8, "0")}`] });
  },
});
