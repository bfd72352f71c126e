import { AsyncResource } from "node:async_hooks";
import { DISPLAY } from "../executor/display";
import type { FrontEndClass, WidgetModel, WidgetModels } from "./widget-model";

const CONTROLS = { module: "@jupyter-widgets/controls", version: "2.0.0" } as const;
const BASE = { module: "@jupyter-widgets/base", version: "2.0.0" } as const;

/** What all controls have. */
export interface ControlOptions {
  /** Shown beside the control. */
  readonly description?: string;
  readonly disabled?: boolean;
  /** The width, as in CSS; default: that of the front end. */
  readonly width?: string;
}

/** A control with a value, which the reader and the cells can change. */
export interface Control<T> {
  value: T;
  disabled: boolean;
  /** Calls the listener after each change of the value. Returns a function that removes it. */
  onChange(listener: (value: T) => void): () => void;
  /** Removes the control from the notebook. */
  close(): void;
}

/** A button that cells can react to. */
export interface Button {
  /** Calls the listener when a reader clicks the button. Returns a function that removes it. */
  onClick(listener: () => void): () => void;
  /** Removes the button from the notebook. */
  close(): void;
}

/** How the value of a control is kept in its state. */
interface Codec<T> {
  readonly key: string;
  decode(raw: unknown): T;
  encode(value: T): unknown;
}

class ModelControl<T> implements Control<T> {
  readonly #model: WidgetModel;
  readonly #codec: Codec<T>;

  constructor(model: WidgetModel, codec: Codec<T>) {
    this.#model = model;
    this.#codec = codec;
  }

  get value(): T {
    return this.#codec.decode(this.#model.get(this.#codec.key));
  }

  set value(value: T) {
    this.#model.update({ [this.#codec.key]: this.#codec.encode(value) });
  }

  get disabled(): boolean {
    return this.#model.get("disabled") === true;
  }

  set disabled(disabled: boolean) {
    this.#model.update({ disabled });
  }

  onChange(listener: (value: T) => void): () => void {
    const bound = AsyncResource.bind(listener);
    return this.#model.onChange((changes) => {
      if (this.#codec.key in changes) bound(this.value);
    });
  }

  close(): void {
    this.#model.close();
  }

  [DISPLAY](): object {
    return this.#model[DISPLAY]();
  }
}

function plain<T>(key: string, decode: (raw: unknown) => T): Codec<T> {
  return { key, decode, encode: (value) => value };
}

/** The labels of a choice, and the values that they stand for. */
export type Choices<T> = readonly T[] | Readonly<Record<string, T>>;

function entriesOf<T>(choices: Choices<T>): [string, T][] {
  return Array.isArray(choices)
    ? choices.map((value): [string, T] => [String(value), value])
    : Object.entries(choices);
}

/** Creates the core controls of ipywidgets' front end. */
export class Controls {
  readonly #widgets: WidgetModels;

  constructor(widgets: WidgetModels) {
    this.#widgets = widgets;
  }

  /** Creates the model of a control, with the models of its layout and style that the front end expects. */
  model(kind: string, view: string, style: string, options: ControlOptions, state: object): WidgetModel {
    const { description = "", disabled = false, width = null } = options;
    const layout = this.layout(width);
    const styleModel = this.#widgets.create(
      { ...CONTROLS, model: style, view: "StyleView", viewModule: BASE.module },
      {},
    );
    const from: FrontEndClass = { ...CONTROLS, model: kind, view };
    return this.#widgets.create(from, { description, disabled, layout, style: styleModel, ...state });
  }

  layout(width: string | null): WidgetModel {
    return this.#widgets.create({ ...BASE, model: "LayoutModel", view: "LayoutView" }, { width });
  }

  /** A slider for a number between `min` (default: 0) and `max` (default: 100). */
  readonly slider = (
    options: ControlOptions & { min?: number; max?: number; step?: number; value?: number } = {},
  ): Control<number> => {
    const { min = 0, max = 100, step = 1, value = min } = options;
    const kind = [min, max, step, value].every(Number.isInteger) ? "IntSlider" : "FloatSlider";
    const state = { min, max, step, value };
    const model = this.model(`${kind}Model`, `${kind}View`, "SliderStyleModel", options, state);
    return new ModelControl(model, plain("value", Number));
  };

  /** A list that opens, to choose one of several values. */
  readonly select = <T>(
    options: ControlOptions & { options: Choices<T>; value?: T },
  ): Control<T | undefined> => this.#choice("Dropdown", options);

  /** Radio buttons to choose one of several values. Nothing is chosen at first, unless there is a `value`. */
  readonly radioButtons = <T>(
    options: ControlOptions & { options: Choices<T>; value?: T },
  ): Control<T | undefined> => this.#choice("RadioButtons", options);

  #choice<T>(
    kind: string,
    options: ControlOptions & { options: Choices<T>; value?: T },
  ): Control<T | undefined> {
    const entries = entriesOf(options.options);
    const indexOf = (value: T | undefined) => {
      const index = entries.findIndex(([, each]) => Object.is(each, value));
      return index < 0 ? null : index;
    };
    const state = { _options_labels: entries.map(([label]) => label), index: indexOf(options.value) };
    const model = this.model(`${kind}Model`, `${kind}View`, "DescriptionStyleModel", options, state);
    return new ModelControl<T | undefined>(model, {
      key: "index",
      decode: (raw) => (typeof raw === "number" ? entries[raw]?.[1] : undefined),
      encode: indexOf,
    });
  }

  /** A field for a line of text. */
  readonly text = (
    options: ControlOptions & { value?: string; placeholder?: string } = {},
  ): Control<string> => {
    const { value = "", placeholder = "" } = options;
    const model = this.model("TextModel", "TextView", "TextStyleModel", options, { value, placeholder });
    return new ModelControl(model, plain("value", String));
  };

  readonly checkbox = (options: ControlOptions & { value?: boolean } = {}): Control<boolean> => {
    const { value = false } = options;
    const model = this.model("CheckboxModel", "CheckboxView", "CheckboxStyleModel", options, { value });
    return new ModelControl(model, plain("value", Boolean));
  };

  /** A bar that shows how much of something is done. */
  readonly progress = (
    options: ControlOptions & { min?: number; max?: number; value?: number } = {},
  ): Control<number> => {
    const { min = 0, max = 100, value = min } = options;
    const state = { min, max, value };
    const model = this.model("FloatProgressModel", "ProgressView", "ProgressStyleModel", options, state);
    return new ModelControl(model, plain("value", Number));
  };

  readonly button = (options: ControlOptions & { onClick?: () => void } = {}): Button => {
    const model = this.model("ButtonModel", "ButtonView", "ButtonStyleModel", options, {});
    const onClick = (listener: () => void): (() => void) => {
      const bound = AsyncResource.bind(listener);
      return model.onMessage((content) => {
        if (typeof content === "object" && content !== null && Reflect.get(content, "event") === "click")
          bound();
      });
    };
    if (options.onClick) onClick(options.onClick);
    const shown = { onClick, close: () => model.close(), [DISPLAY]: () => model[DISPLAY]() };
    return shown;
  };
}
