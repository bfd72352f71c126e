// Root inside a Docker host can manage the control groups of its own containers, but can't reach any other group.
import { Engine, label, nestedEngine } from "../../lib/engine";
import { type NestedEngine, runNestedEngine } from "../../lib/lab/docker/nested-engine";
import { Lab } from "../../lib/lab/lab";
import { imageTag } from "../../lib/setup/images";
import { leftovers } from "./leftovers";

jest.setTimeout(60_000);

const base = imageTag("base");
const megabyte = 1024 * 1024;
let engine: Engine;
let lab: Lab;
let host: NestedEngine;
/** A container outside the lab. */
let victim: string;
/** The container whose control group limits the Docker host: its `.limits` container, or itself if there is none. */
let held: string;
/** A container with the machine's control groups mounted read-only. */
let observer: string;

beforeAll(async () => {
  engine = await Engine.connect();
  lab = await Lab.open("cgroups-test");
  const { home } = lab.context;
  const labels = { ...home.session.labels, [label.wirebook]: "test" };
  const other = { image: base, labels, network: "none", memoryBytes: 64 * megabyte, pids: 50 } as const;
  const name = (suffix: string): string => `wirebook-${home.session.owner}-${suffix}`;
  victim = (await engine.containers.run({ ...other, name: name("victim"), init: true })).id;
  const machine = { cgroupNamespace: "host", binds: ["/sys/fs/cgroup:/machine:ro"] } as const;
  observer = (await engine.containers.run({ ...other, ...machine, name: name("observer") })).id;
  host = await runNestedEngine(home, "small", {
    network: "bridge",
    command: ["--bip", "172.17.0.1/16"],
    memoryBytes: 400 * megabyte,
    pids: 300,
  });
  const all = await engine.containers.list({ [label.opening]: lab.context.opening });
  held = all.find((each) => each.name.endsWith(".limits"))?.id ?? host.info.id;
  await inHost(`until docker version; do sleep 0.1; done >/dev/null 2>&1
    docker run -d --name inner -m 64m --memory-swap 64m --pids-limit 20 ${base}`);
}, 120_000);
afterAll(async () => {
  const { owner } = lab.context.session;
  await host.remove();
  expect((await run(observer, `find /machine -name '${held}*' 2>/dev/null || true`)).text).toBe("");
  for (const id of [victim, observer]) await engine.containers.remove(id);
  await lab.close();
  expect(await leftovers(engine, owner)).toEqual([]);
}, 60_000);

async function run(container: string, script: string): Promise<{ exitCode: number; text: string }> {
  const { exitCode, stdout, stderr } = await engine.exec(container, ["bash", "-c", script]);
  return { exitCode, text: stdout + stderr };
}
const inHost = (script: string): ReturnType<typeof run> => run(host.info.id, script);

/** The limits of the victim and of the Docker host, read from the machine's control groups. */
async function settings(): Promise<string> {
  const files =
    "freezer.state cgroup.freeze memory.limit_in_bytes memory.max pids.max devices.list cpu.shares";
  const names = files.split(" ").map((file) => `-name ${file}`);
  // Groups of other containers on the machine may disappear meanwhile, so errors of find are ignored.
  const find = `find /machine '(' ${names.join(" -o ")} ')' 2>/dev/null`;
  const { text } = await run(
    observer,
    `{ ${find} | grep -e ${victim} -e ${held} | grep -v ${held}/.*/; find /machine -name release_agent 2>/dev/null; } |
      sort | xargs grep -H ''`,
  );
  return text;
}

// Mounts every cgroup hierarchy of the shell, so that the attempts see all groups that root can reach.
const everywhere = `
mkdir -p /root/cg && cd /root/cg
mounted() { # mounts all hierarchies in a folder
  mkdir -p "$1"
  while IFS=: read -r _ group _; do
    into="$1/\${group:-unified}"; mkdir -p "$into"
    case $group in
    '') mount -t cgroup2 none "$into" ;;
    name=*) mount -t cgroup -o "none,$group" none "$into" ;;
    *) mount -t cgroup -o "$group" none "$into" ;;
    esac
  done < /proc/self/cgroup
}
mounted again
folders="/sys/fs/cgroup /root/cg"
`;
const clean = "\ncd /; umount -R /root/cg/*/* /mnt 2>/dev/null; true";
const write = "[ -e $file ] && { echo $value > $file; } 2>/dev/null && echo written $file $value";

test.each([
  [
    "freeze a container outside the lab",
    (): string => `find $folders -type d -name '*${victim}*'
      for folder in $(find $folders -type d | grep -v '/docker\\(/\\|$\\)'); do
        for pid in $outside; do file=$folder/cgroup.procs value=$pid; ${write}; done
      done`,
  ],
  [
    "find a release_agent in existing mounts, or set one with a mount option",
    (): string => `find / -name release_agent -not -path '/proc/*' 2>/dev/null
      for group in memory freezer pids; do
        mount -t cgroup -o $group,release_agent=/x none /mnt 2>/dev/null && ls /mnt/release_agent
        mount -o remount,$group,release_agent=/x none /sys/fs/cgroup/$group && echo remounted
      done 2>/dev/null`,
  ],
  [
    "create a new hierarchy, where it would be in the root group",
    (): string => `for option in none,name=mine net_cls net_prio perf_event hugetlb rdma misc; do
        mount -t cgroup -o $option none /mnt && echo mounted $option
      done 2>/dev/null`,
  ],
  [
    "reach the control group of another container",
    (): string => `for path in /sys/fs/cgroup/*/.. /sys/fs/cgroup/*/../.. /root/cg/again/*/..; do
        find $path/ -maxdepth 3 -type d -name '*${victim}*'
      done
      unshare --cgroup sh -c 'mount -t tmpfs none /mnt; mkdir /mnt/a; mount -t cgroup -o memory none /mnt/a; mount -t cgroup2 none /mnt/a; find /mnt -name "*${victim}*"' 2>/dev/null
      nsenter --cgroup -t 1 find /sys/fs/cgroup -name '*${victim}*'`,
  ],
  [
    "open a disk of the machine",
    (): string => `for file in $(find $folders -name devices.allow); do value=a; ${write}; done
      mkdir -p /root/dev
      for disk in /sys/block/*; do
        node=/root/dev/\${disk##*/}
        mknod $node b $(tr : ' ' < $disk/dev) && head -c 1 $node && echo opened $node; rm $node
      done 2>/dev/null
      mount -t devtmpfs none /mnt 2>/dev/null && for disk in /sys/block/*; do
        { : < /mnt/\${disk##*/}; } 2>/dev/null && echo opened $disk
      done; true`,
  ],
] as const)("root in a Docker host cannot %s", async (_what, attempt) => {
  const before = await settings();
  expect(before).toContain(victim);
  expect(before).toContain(held);
  const { pid } = await engine.containers.inspect(victim);
  const { text } = await inHost(`${everywhere}outside="${pid} ${pid - 1}"\n${attempt()}\n${clean}`);
  expect(text).toBe("");
  expect(await settings()).toBe(before);
  expect(await run(victim, "echo well")).toEqual({ exitCode: 0, text: "well\n" });
});

test("root in a Docker host cannot lift its memory and process limits", async () => {
  const before = await settings();
  const takes = (megabytes: number): string =>
    `head -c ${megabytes}M /dev/zero | tail -c ${megabytes}M | wc -c`;
  // On cgroup v1 root can change the host's own group, but the limits of the parent group still apply.
  await inHost(`${everywhere}
    own() { find $folders -not -path '*/docker/*' -name $1; }
    for file in $(own memory.memsw.limit_in_bytes; own memory.limit_in_bytes; own pids.max; own memory.max); do
      for value in max 8000000000; do ${write}; done
    done
    ${clean}`);
  expect(await inHost(takes(150))).toEqual({ exitCode: 0, text: `${150 * megabyte}\n` });
  expect((await inHost(takes(600))).text).not.toContain(String(600 * megabyte));
  // The kernel kills all of them when the init process of their PID namespace ends (pid_namespaces(7)).
  const fork = "for n in $(seq 400); do sleep 30 & done";
  expect((await inHost(`unshare --pid --fork sh -c '${fork}'`)).text).toContain("Cannot fork");
  expect(await settings()).toBe(before);
});

test("containers on a Docker host start, run programs, pause and resume", async () => {
  expect((await inHost("docker exec inner echo ran")).text).toBe("ran\n");
  await inHost("docker pause inner");
  expect((await inHost("docker inspect -f '{{.State.Status}}' inner")).text).toBe("paused\n");
  expect((await inHost("docker exec inner echo ran")).exitCode).not.toBe(0);
  await inHost("docker unpause inner");
  expect((await inHost("docker exec inner echo ran")).text).toBe("ran\n");
});

test("the limits of containers on a Docker host are enforced", async () => {
  const takes = (megabytes: number): string =>
    `head -c ${megabytes}M /dev/zero | tail -c ${megabytes}M | wc -c`;
  expect((await inHost(`docker exec inner sh -c '${takes(20)}'`)).text).toBe(`${20 * megabyte}\n`);
  expect((await inHost(`docker exec inner sh -c '${takes(100)}'`)).text).not.toContain(
    String(100 * megabyte),
  );
  const fork = "for n in $(seq 40); do sleep 5 & done";
  expect((await inHost(`docker exec inner sh -c '${fork}'`)).text).toContain("Cannot fork");
});

test("the host image refuses to start without its own cgroup namespace, and prints why", async () => {
  const { home } = lab.context;
  const refused = await engine.containers.run({
    ...home.spec("refused", "docker-host", imageTag("host")),
    ...nestedEngine,
    network: "none",
    cgroupNamespace: "host",
  });
  expect(await engine.containers.wait(refused.id)).toBe(1);
  expect(await engine.containers.logs(refused.id)).toBe(
    "NO_CGROUPS the engine gave the container no cgroup namespace of its own\n",
  );
});

// A kernel that uses cgroup v1 also has a cgroup2 tree, but without controllers. On such a machine this test can't
// check that cgroup2 limits containers.
test("on cgroup2 the host runs one level below the group with its limits, and its containers start and pause", async () => {
  const { home } = lab.context;
  const second = await runNestedEngine(home, "second", {
    network: "none",
    entrypoint: ["sh", "-c"],
    command: [
      "umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec host --bridge=none --iptables=false",
    ],
  });
  const inside = (script: string): ReturnType<typeof run> => run(second.info.id, script);
  await inside("until docker version; do sleep 0.1; done >/dev/null 2>&1");
  expect((await inside("docker info -f '{{.CgroupVersion}}'")).text).toBe("2\n");
  expect((await inside("grep ^0: /proc/1/cgroup; grep -c cgroup /proc/self/mounts")).text).toBe(
    "0::/init\n1\n",
  );
  const group = await run(
    observer,
    `grep ^0: /proc/self/cgroup; find /machine -path '*${second.info.id}/inside/init'`,
  );
  expect(group.text).toContain(`${second.info.id}/inside/init`);
  await inside(`docker run -d --name inner --network none ${base}`);
  // With its errors, so that a failing exec says why.
  expect((await inside("docker exec inner cat /proc/1/cgroup 2>&1")).text).toContain("0::/\n");
  await inside("docker pause inner");
  expect((await inside("docker inspect -f '{{.State.Status}}' inner")).text).toBe("paused\n");
  await inside("docker unpause inner");
  expect((await inside("docker exec inner echo ran")).text).toBe("ran\n");
  await second.remove();
});
