// A process that opens a lab on two engines (Docker hosts whose container ids are its arguments), prints one line of
// JSON, and keeps the lab open.
const { execDuplex, Engine } = require("../../lib/dist/engine");
const { Lab } = require("wirebook");

async function main(containers) {
  const outer = await Engine.connect();
  const engines = await Promise.all(
    containers.map((id) =>
      Engine.through(() => execDuplex(outer, id, ["docker", "system", "dial-stdio"]), id.slice(0, 12)),
    ),
  );
  const lab = await Lab.open("held", { engines });
  const nodes = await Promise.all([lab.node("node1"), lab.node("node2")]);
  await Promise.all(nodes.map((node, index) => node.pod(`pod${index + 1}`)));
  console.log(JSON.stringify({ owners: lab.context.runtimes.map(({ session }) => session.owner) }));
  setInterval(() => undefined, 1_000);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
