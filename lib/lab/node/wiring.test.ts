import { bridgeScript, macFor, vethName, vethScript } from "./wiring";

test("a link name contains the pod's name, or a hash of it if the name is too long", () => {
  expect(vethName("web0")).toBe("veth-web0");
  expect(vethName("frontend-of-the-shop")).toMatch(/^veth[0-9a-f]{8}$/);
  expect(vethName("frontend-of-the-shop")).not.toBe(vethName("frontend-of-the-show"));
});

test("a MAC address contains the IPv4 address", () => {
  expect(macFor("10.244.1.2")).toBe("0a:58:0a:f4:01:02");
});

const wire = {
  nodePid: 100,
  podPid: 200,
  veth: "veth-web",
  address: "10.244.1.2",
  gateway: "10.244.1.1",
  prefixLength: 24,
  routed: false,
};

test("a veth pair is created with one end in each namespace, and configured inside them", () => {
  const lines = vethScript(wire).split("\n");
  expect(lines[1]).toBe(
    "ip link add veth-web netns 100 type veth peer name eth0 address 0a:58:0a:f4:01:02 netns 200",
  );
  expect(lines.filter((line) => line.includes("nsenter")).map((line) => line.split(" ")[2])).toEqual([
    "200",
    "100",
  ]);
});

test("if iptables doesn't see bridged packets, a pod has a /32 address and routes everything through its node", () => {
  expect(vethScript(wire)).toContain("addr add 10.244.1.2/24 dev eth0\n");
  const script = vethScript({ ...wire, routed: true });
  expect(script).toContain("addr add 10.244.1.2/32 dev eth0\n");
  expect(script).toContain("route add 10.244.1.1 dev eth0 scope link\nroute add default via 10.244.1.1\n");
});

test("traffic between pods is not masqueraded, in any pod range of the cluster", () => {
  const ranges = ["10.244.0.0/16", "10.245.0.0/16"];
  const network = { gateway: "10.244.1.1", prefixLength: 24, podCidr: "10.244.1.0/24", podRanges: ranges };
  const rules = bridgeScript(network)
    .split("\n")
    .filter((line) => line.startsWith("iptables"));
  expect(rules.map((rule) => rule.split(" -j ")[1])).toEqual(["RETURN", "RETURN", "MASQUERADE"]);
});
