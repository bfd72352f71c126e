import { ContainerPlace } from "../place/place";

/** An app of a pod. Commands run in its container and in the pod's network namespace. Public as `App`. */
export class PodApp extends ContainerPlace {
  /** Sends a signal to its process 1. The pod keeps its network. Shell: `docker kill -s SIGNAL NAME`. */
  async kill(signal = "KILL"): Promise<void> {
    await this.engine.containers.kill(this.container, signal);
  }

  /** Starts the app again after it has exited. Shell: `docker start NAME`. */
  async start(): Promise<void> {
    await this.engine.containers.start(this.container, this.name);
  }

  /** Returns the last lines that its process 1 printed. Default: 100 lines. Shell: `docker logs --tail 100 NAME`. */
  logs(lines = 100): Promise<string> {
    return this.engine.containers.logs(this.container, lines);
  }
}
