// A process with its own lab. All these processes give their lab the same name. It prints what it created as one line
// of JSON. For each line on stdin it prints whether its pod still answers, and at the end of stdin it closes the lab.
const { createInterface } = require("node:readline");
const { Lab } = require("wirebook");

async function main() {
  const lab = await Lab.open("crowd");
  const pod = await lab.pod("web", { image: "web", publish: { 0: 80 } });
  const { owner } = lab.context.session;
  console.log(
    JSON.stringify({ owner, subnet: lab.subnet, port: pod.ports[0]?.hostPort, address: pod.address }),
  );
  for await (const _line of createInterface({ input: process.stdin })) {
    const page = await lab.outside.sh`curl -s -m 5 http://${pod.address}/`.text();
    console.log(JSON.stringify({ answered: page.includes("pod: web") }));
  }
  await lab.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
