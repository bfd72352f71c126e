// A process whose engine, a Docker host, is killed while several calls are pending. It prints the result of each call
// as one line of JSON, and should then exit by itself.
const { setTimeout: pause } = require("node:timers/promises");
const { Lab } = require("wirebook");

async function main(close) {
  const lab = await Lab.open("ended");
  const host = await lab.dockerHost("host");
  const { inner } = host;
  const box = await host.run("box", { image: "base", command: ["sleep", "infinity"] });
  const held = await inner.open(box.container, ["cat"]);
  const events = await inner.events({}, () => undefined);
  const calls = {
    wait: code(inner.containers.wait(box.container)),
    exec: code(box.exec(["sleep", "infinity"])),
    open: code(held.exit),
    events: code(events.ended),
    stop: code(inner.containers.stop(box.container, 60)),
  };
  // These loops keep opening connections, so that some are being opened when the engine ends.
  let ended = false;
  const busy = Array.from({ length: 12 }, async () => {
    while (!ended) {
      await box.exec(["true"]).catch(() => {
        ended = true;
      });
    }
  });
  await pause(500);
  await lab.engine.containers.kill(host.container);
  await Promise.all(busy);
  const codes = {};
  for (const [name, call] of Object.entries(calls)) codes[name] = await call;
  codes.after = await code(inner.containers.list());
  if (close) await lab.close();
  process.stdout.write(`${JSON.stringify({ owner: lab.context.session.owner, codes })}\n`);
}

function code(call) {
  return Promise.resolve(call).then(
    () => "done",
    (error) => error.code,
  );
}

main(process.argv[2] === "close").catch((error) => {
  console.error(error);
  process.exit(1);
});
