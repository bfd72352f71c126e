import { DISPLAY, render } from "../executor/display";
import type { Controls } from "./controls";
import type { WidgetModel, WidgetModels } from "./widget-model";

/** An area in the notebook that code can fill and empty at any time, for example when a control changes. */
export class OutputArea {
  readonly #model: WidgetModel;

  constructor(widgets: WidgetModels, controls: Controls) {
    const from = {
      module: "@jupyter-widgets/output",
      version: "1.0.0",
      model: "OutputModel",
      view: "OutputView",
    };
    this.#model = widgets.create(from, { layout: controls.layout(null), msg_id: "", outputs: [] });
  }

  /** Adds text. */
  print(...values: unknown[]): void {
    this.#append({ output_type: "stream", name: "stdout", text: `${values.map(String).join(" ")}\n` });
  }

  /** Adds a value, as `display` shows it. */
  async show(value: unknown): Promise<void> {
    const { data, metadata } = await render(value);
    const json = Object.entries(data).map(([mime, content]) => [
      mime,
      content instanceof Uint8Array ? Buffer.from(content).toString("base64") : content,
    ]);
    this.#append({ output_type: "display_data", data: Object.fromEntries(json), metadata });
  }

  /** Removes everything. */
  clear(): void {
    this.#model.update({ outputs: [] });
  }

  close(): void {
    this.#model.close();
  }

  [DISPLAY](): object {
    return this.#model[DISPLAY]();
  }

  #append(output: object): void {
    const outputs = this.#model.get("outputs");
    this.#model.update({ outputs: [...(Array.isArray(outputs) ? outputs : []), output] });
  }
}
