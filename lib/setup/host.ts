import type Docker from "dockerode";
import type { Progress } from "./progress";

/**
 * What a container needs to run a `dockerd`, instead of `--privileged`: namespaces, mounts and control groups
 * for its containers (SYS_ADMIN, SYS_PTRACE, MKNOD), and its own links and rules (NET_ADMIN, NET_RAW).
 */
export const hostNeeds = {
  CapAdd: ["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "NET_RAW", "MKNOD", "SYS_MODULE"],
  SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined"],
  Binds: ["/sys/fs/cgroup:/sys/fs/cgroup:rw"],
  Tmpfs: { "/run": "", "/tmp": "" },
};

/**
 * Makes the host image: the engine image with the given images already in it, loaded once by a real dockerd.
 *
 * Shell: `docker save IMAGES | docker cp - BAKE:/load`, `docker start BAKE`, `docker commit BAKE TAG`.
 *
 * @throws Error `IMAGE_BUILD_FAILED` with what the engine inside said.
 */
export async function bakeHost(
  docker: Docker,
  from: string,
  tag: string,
  images: readonly string[],
  progress: Progress,
): Promise<void> {
  progress("loading the images of the labs into it");
  const container = await docker.createContainer({
    Image: from,
    Entrypoint: ["bake"],
    NetworkDisabled: true,
    Labels: { wirebook: "setup" },
    HostConfig: hostNeeds,
  });
  try {
    for (const image of images) {
      await container.putArchive(await docker.getImage(image).get(), {
        path: `/load/${images.indexOf(image)}`,
      });
    }
    await container.start();
    const { StatusCode: code }: { StatusCode: number } = await container.wait();
    if (code !== 0) {
      const said = await container.logs({ stdout: true, stderr: true });
      throw new Error(`IMAGE_BUILD_FAILED  images/host: its engine did not load the images.\n${said}`);
    }
    progress("committing");
    await commit(container, tag);
  } finally {
    await container.remove({ force: true, v: true });
  }
}

async function commit(container: Docker.Container, tag: string): Promise<void> {
  const [repo, version] = tag.split(":");
  await container.commit({ repo, tag: version, changes: 'ENTRYPOINT ["host"]\nLABEL wirebook=image' });
}
