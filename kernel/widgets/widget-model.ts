import type { Comm, Comms } from "../executor/comms";
import { DISPLAY } from "../executor/display";
import { isRecord } from "../link/is-record";
import { joinBuffers, splitBuffers } from "./buffers";

/** The version of the widgets' message protocol. */
const PROTOCOL_VERSION = "2.1.0";
const WIDGET = "jupyter.widget";
/** A front end asks here for the state of all widgets, for example after a reload of the page. */
const CONTROL = "jupyter.widget.control";

type State = Readonly<Record<string, unknown>>;

/** Which classes of the front end show a widget. */
export interface FrontEndClass {
  readonly module: string;
  readonly version: string;
  readonly model: string;
  readonly view?: string;
  /** The module of the view; default: that of the model. */
  readonly viewModule?: string;
}

/** A widget's state, which this process and all front ends share. */
export class WidgetModel {
  readonly #comm: Comm;
  readonly #widgets: WidgetModels;
  readonly #state: Record<string, unknown>;
  readonly #changeListeners = new Set<(state: State) => void>();
  readonly #messageListeners = new Set<(content: unknown, buffers: readonly Uint8Array[]) => void>();

  constructor(widgets: WidgetModels, comms: Comms, state: State) {
    this.#widgets = widgets;
    this.#state = { ...state };
    const { buffers, ...data } = splitBuffers(this.#state);
    this.#comm = comms.open(WIDGET, { data: { ...data }, metadata: { version: PROTOCOL_VERSION }, buffers });
    this.#comm.onMessage(({ data: message, buffers: received }) => this.#receive(message, received));
    this.#comm.onClose(() => this.#widgets.remove(this));
  }

  get id(): string {
    return this.#comm.id;
  }

  /** How other widgets refer to this one. */
  toJSON(): string {
    return `IPY_MODEL_${this.id}`;
  }

  get(name: string): unknown {
    return this.#state[name];
  }

  get state(): State {
    return this.#state;
  }

  /** Changes the state here and in all front ends. */
  update(changes: State): void {
    Object.assign(this.#state, changes);
    const { buffers, ...rest } = splitBuffers(changes);
    this.#comm.send({ method: "update", ...rest }, { buffers });
    this.#changed(changes);
  }

  /** Sends a message that does not change the state. */
  send(content: unknown, buffers: readonly Uint8Array[] = []): void {
    this.#comm.send({ method: "custom", content }, { buffers });
  }

  /** Calls the listener after each change, here or in a front end. */
  onChange(listener: (changes: State) => void): () => void {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  }

  /** Calls the listener for each message of a front end that does not change the state. */
  onMessage(listener: (content: unknown, buffers: readonly Uint8Array[]) => void): () => void {
    this.#messageListeners.add(listener);
    return () => this.#messageListeners.delete(listener);
  }

  /** Removes the widget from all front ends. */
  close(): void {
    this.#widgets.remove(this);
    this.#comm.close();
  }

  [DISPLAY](): object {
    return {
      "text/plain": `${this.#state["_model_name"]} ${JSON.stringify(this.#state["description"] ?? "")}`,
      "application/vnd.jupyter.widget-view+json": {
        version_major: 2,
        version_minor: 0,
        model_id: this.id,
      },
    };
  }

  #receive(data: State, buffers: readonly Uint8Array[]): void {
    const { method, state, buffer_paths: paths, content } = data;
    if (method === "update" && isRecord(state)) {
      const changes = joinBuffers({ ...state }, paths, buffers);
      Object.assign(this.#state, changes);
      // Other front ends that show the widget learn of the change.
      const { buffers: sent, ...rest } = splitBuffers(changes);
      this.#comm.send({ method: "echo_update", ...rest }, { buffers: sent });
      this.#changed(changes);
    } else if (method === "request_state") {
      const { buffers: sent, ...rest } = splitBuffers(this.#state);
      this.#comm.send({ method: "update", ...rest }, { buffers: sent });
    } else if (method === "custom") {
      for (const listener of this.#messageListeners) listener(content, buffers);
    }
  }

  #changed(changes: State): void {
    for (const listener of this.#changeListeners) listener(changes);
  }
}

/** All widgets of this process. */
export class WidgetModels {
  readonly #comms: Comms;
  readonly #models = new Set<WidgetModel>();

  constructor(comms: Comms) {
    this.#comms = comms;
    comms.register(CONTROL, (comm) => {
      comm.onMessage(({ data }) => {
        if (data["method"] === "request_states") this.#sendStates(comm);
      });
    });
  }

  create({ module, version, model, view, viewModule }: FrontEndClass, state: State): WidgetModel {
    const created = new WidgetModel(this, this.#comms, {
      _model_module: module,
      _model_module_version: version,
      _model_name: model,
      _view_module: viewModule ?? module,
      _view_module_version: version,
      _view_name: view ?? null,
      ...state,
    });
    this.#models.add(created);
    return created;
  }

  remove(model: WidgetModel): void {
    this.#models.delete(model);
  }

  #sendStates(comm: Comm): void {
    const states: Record<string, unknown> = {};
    const paths: unknown[] = [];
    const buffers: Uint8Array[] = [];
    for (const model of this.#models) {
      const split = splitBuffers(model.state);
      states[model.id] = {
        model_name: model.get("_model_name"),
        model_module: model.get("_model_module"),
        model_module_version: model.get("_model_module_version"),
        state: split.state,
      };
      paths.push(...split.buffer_paths.map((path) => [model.id, "state", ...path]));
      buffers.push(...split.buffers);
    }
    comm.send({ method: "update_states", states, buffer_paths: paths }, { buffers });
  }
}
