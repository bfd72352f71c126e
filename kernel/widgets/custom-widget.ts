import { AsyncResource } from "node:async_hooks";
import { DISPLAY } from "../executor/display";
import type { Controls } from "./controls";
import type { WidgetModel, WidgetModels } from "./widget-model";

/** The version of anywidget's front end that the set-up installs. */
const ANYWIDGET_VERSION = "~0.11.*";

export interface CustomWidgetOptions<State extends object> {
  /** The source of an ECMAScript module whose default export has `render({ model, el })`. See anywidget.dev. */
  readonly esm: string;
  readonly css?: string;
  /** The first state. Values can be JSON and binary. */
  readonly state: State;
}

/** A widget with a front end of its own, shown by anywidget. */
export class CustomWidget<State extends object> {
  readonly #model: WidgetModel;

  constructor(widgets: WidgetModels, controls: Controls, options: CustomWidgetOptions<State>) {
    const from = { module: "anywidget", version: ANYWIDGET_VERSION, model: "AnyModel", view: "AnyView" };
    this.#model = widgets.create(from, {
      _anywidget_id: "wirebook.CustomWidget",
      _esm: options.esm,
      ...(options.css === undefined ? {} : { _css: options.css }),
      layout: controls.layout(null),
      ...options.state,
    });
  }

  get<Name extends keyof State & string>(name: Name): unknown {
    return this.#model.get(name);
  }

  /** Changes the state here and in all front ends. */
  set(changes: Partial<State>): void {
    this.#model.update({ ...changes });
  }

  /** Calls the listener after each change of a field, here or in a front end. */
  onChange(name: keyof State & string, listener: (value: unknown) => void): () => void {
    const bound = AsyncResource.bind(listener);
    return this.#model.onChange((changes) => {
      if (name in changes) bound(changes[name]);
    });
  }

  /** Sends a message to the front end's `model.on("msg:custom", …)`. */
  send(content: unknown, buffers: readonly Uint8Array[] = []): void {
    this.#model.send(content, buffers);
  }

  /** Calls the listener for each `model.send(…)` of the front end. */
  onMessage(listener: (content: unknown, buffers: readonly Uint8Array[]) => void): () => void {
    return this.#model.onMessage(AsyncResource.bind(listener));
  }

  close(): void {
    this.#model.close();
  }

  [DISPLAY](): object {
    return this.#model[DISPLAY]();
  }
}
