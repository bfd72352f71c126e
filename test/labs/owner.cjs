// A process that opens a lab, prints one line of JSON, and then does what its argument says: `spin` blocks the event
// loop forever, `wait` keeps the lab open, `end` exits without closing the lab, `more` starts pods concurrently.
const { Lab } = require("wirebook");

async function main(then) {
  const lab = await Lab.open("owned");
  const [pod, host] = await Promise.all([lab.pod("web", { image: "web" }), lab.dockerHost("host1")]);
  await host.run("inner", { image: "web", publish: { 8080: 80 } });
  console.log(JSON.stringify({ owner: lab.context.session.owner, pod: pod.container, address: pod.address }));
  if (then === "spin")
    setTimeout(() => {
      for (;;);
    }, 50);
  if (then === "more") await Promise.all(Array.from({ length: 8 }, (_, index) => lab.pod(`more${index}`)));
  if (then === "wait") setInterval(() => undefined, 1000);
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
