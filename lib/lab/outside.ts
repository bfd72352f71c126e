import { imageTag } from "../setup/images";
import { type LabContext, networkCapabilities } from "./context/lab-context";
import { waitListening } from "./place/listening";
import { ContainerPlace } from "./place/place";

/**
 * The place that represents the rest of the world: the default gateway and name server of the lab's network. It runs a
 * web server on ports 80 and 8080 that reports the client's address, so it shows the result of source NAT, and requests
 * to published ports are sent from it.
 *
 * @example
 * import { Lab } from "wirebook";
 * const lab = await Lab.open("outside-example");
 * const client = await lab.pod("client");
 * const page = await client.get(`http://${lab.outside.address}/`);
 * console.log(page.client.address === client.address);
 * await lab.close();
 */
export class Outside extends ContainerPlace {
  /** IPv4 address on the lab's network: the second address of its range. */
  readonly address: string;

  constructor(parts: ConstructorParameters<typeof ContainerPlace>[0] & { address: string }) {
    super(parts);
    this.address = parts.address;
  }
}

export async function startOutside(context: LabContext): Promise<Outside> {
  const name = "outside";
  const { home } = context;
  const info = await home.run({
    ...home.spec(name, "outside", imageTag("web")),
    network: context.network,
    address: context.outsideAddress,
    capabilities: networkCapabilities,
  });
  const parts = { name, kind: "outside" as const, engine: home.engine, container: info.id, user: "root" };
  const outside = new Outside({ ...parts, ...home.access(name, info.pid), address: context.outsideAddress });
  await waitListening(await outside.netnsHandle(), 80, name);
  return context.register(outside);
}
