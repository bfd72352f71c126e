import { DescribedPod } from "./described-pod";
import { planPod } from "./spec/node-pod-spec";

const never = () => Promise.reject(new Error("not started here"));

test("a described pod lists the commands that would start it: pause first, then the apps that join it", () => {
  const pod = new DescribedPod(
    "node1",
    planPod("shop", { apps: { web: { image: "web" }, side: {} } }),
    never,
  );
  const [pause, veth] = pod.shell;
  expect(pause).toMatch(/^docker run -d --name shop --network none wirebook\/pause:/);
  expect(veth).toBe("ip link add veth-shop netns node1 type veth peer name eth0 netns shop");
  expect(pod.shell.filter((line) => line.includes("--network container:shop"))).toHaveLength(2);
});

test("a described pod has no address", () => {
  expect(new DescribedPod("node1", planPod("shop"), never)).not.toHaveProperty("address");
});
