import { first, node, withFlowSets } from "../../test/netfilter/kube-proxy";
import { faults, foldsOf, stepsOf } from "../../test/pictures/layout";
import { traverse } from "../netfilter/traverse";
import { ladderPicture, serviceOf, servicePicture, traversalPicture } from "./index";
import { ruleText } from "./traversal/phrases";

// Pictures of what the model says of real rules: kube-proxy's, in the flows that its authors published.
withFlowSets(48, (sets) => {
  const cases = sets.flatMap((set) =>
    set.flows.map((flow) => ({ name: `${set.id}: ${flow.name}`, set, flow })),
  );

  test.each(cases)("$name", ({ set, flow }) => {
    const { packet, from } = first(flow);
    const traversal = traverse(node(set.iptablesSaveNft, "nft"), packet, { from });
    traversal.outcomes.slice(0, 3).forEach((outcome, index) => {
      const picture = traversalPicture(traversal, { outcome: index });
      const { spec, text } = picture;
      expect(faults(spec)).toEqual([]);
      expect(faults(spec, { open: new Set(foldsOf(spec).keys()), step: stepsOf(spec) })).toEqual([]);
      for (const step of outcome.steps) if (step.kind === "rule") expect(text).toContain(ruleText(step.rule));
      expect(faults(ladderPicture(traversal, { outcome: index }).spec)).toEqual([]);
    });
    const service = serviceOf(traversal);
    expect(service.endpoints).toHaveLength(traversal.outcomes.length);
    expect(faults(servicePicture(service).spec)).toEqual([]);
  });
  return cases.length;
});
