/** The declarations that every cell has without an import. */
export const CELL_GLOBALS = `
/**
 * Shows a value below the cell before the cell has ended.
 *
 * @param options.id - a name for this output.
 * @param options.update - replaces the output with this id, if there is one. Otherwise shows a new output.
 */
declare function display(value: unknown, options?: { id?: string; update?: boolean }): Promise<void>;
declare namespace display {
  /**
   * Removes the output of the cell.
   *
   * @param wait - keeps the output until there is new output, which avoids flicker; default: false.
   */
  function clear(wait?: boolean): void;
  /** \`alt\` describes an image to people who cannot see it. */
  interface Options { id?: string; update?: boolean; alt?: string }
  function html(content: string, options?: Options): Promise<void>;
  function markdown(content: string, options?: Options): Promise<void>;
  function latex(content: string, options?: Options): Promise<void>;
  function mermaid(content: string, options?: Options): Promise<void>;
  function svg(content: string, options?: Options): Promise<void>;
  /** Shows a PNG image, given as bytes or as base64. */
  function png(content: Uint8Array | string, options?: Options): Promise<void>;
  function json(content: object, options?: Options): Promise<void>;
  function vega(spec: object, options?: Options): Promise<void>;
  function vegaLite(spec: object, options?: Options): Promise<void>;
  /** Shows an array of objects as a table, with a column for each property. */
  function table(rows: readonly object[], options?: Options): Promise<void>;
}

declare namespace Deno {
  /** The part of Deno's kernel that cells can use here. */
  namespace jupyter {
    const $display: unique symbol;
    function html(strings: TemplateStringsArray, ...values: unknown[]): object;
    function md(strings: TemplateStringsArray, ...values: unknown[]): object;
    function svg(strings: TemplateStringsArray, ...values: unknown[]): object;
    function image(pathOrBytes: string | Uint8Array): object;
    function display(value: unknown, options?: { raw?: boolean; update?: boolean; display_id?: string }): Promise<void>;
    function broadcast(type: string, content: object, options?: { metadata?: object }): Promise<void>;
  }
}

/**
 * Asks the user for a line of text and waits for it.
 *
 * @param message - shown in front of the input; default: "Prompt".
 * @param defaultValue - the result when the user enters nothing; default: "".
 * @throws StdinNotAvailable when the front end does not accept input.
 */
declare function prompt(message?: string, defaultValue?: string): string;
declare namespace prompt {
  /** Asks the user for a password, which the front end does not show, and waits for it. */
  function password(message?: string): string;
}

/** Asks the user a question and waits for the answer. The result is true for "y" and "yes". */
declare function confirm(message?: string): boolean;

/** Controls in the notebook that call cells back. They keep their values when the page is reloaded. */
declare namespace widgets {
  interface Options {
    /** Shown beside the control. */
    description?: string;
    disabled?: boolean;
    /** The width, as in CSS. */
    width?: string;
  }
  /** A control with a value, which the reader and the cells can change. */
  interface Control<T> {
    value: T;
    disabled: boolean;
    /** Calls the listener after each change of the value. Returns a function that removes it. */
    onChange(listener: (value: T) => void): () => void;
    /** Removes the control from the notebook. */
    close(): void;
  }
  interface Button {
    /** Calls the listener when a reader clicks the button. Returns a function that removes it. */
    onClick(listener: () => void): () => void;
    close(): void;
  }
  /** Labels that are also the values, or an object with a value for each label. */
  type Choices<T> = readonly T[] | Readonly<Record<string, T>>;
  /** A slider for a number between \`min\` (default: 0) and \`max\` (default: 100). */
  function slider(options?: Options & { min?: number; max?: number; step?: number; value?: number }): Control<number>;
  /** A list that opens, to choose one of several values. */
  function select<T>(options: Options & { options: Choices<T>; value?: T }): Control<T | undefined>;
  /** Radio buttons to choose one of several values. Nothing is chosen at first, unless there is a \`value\`. */
  function radioButtons<T>(options: Options & { options: Choices<T>; value?: T }): Control<T | undefined>;
  /** A field for a line of text. */
  function text(options?: Options & { value?: string; placeholder?: string }): Control<string>;
  function checkbox(options?: Options & { value?: boolean }): Control<boolean>;
  /** A bar that shows how much of something is done. */
  function progress(options?: Options & { min?: number; max?: number; value?: number }): Control<number>;
  function button(options?: Options & { onClick?: () => void }): Button;
  /** An area that code can fill and empty at any time, for example when a control changes. */
  function output(): Output;
  interface Output {
    print(...values: unknown[]): void;
    /** Adds a value, as \`display\` shows it. */
    show(value: unknown): Promise<void>;
    clear(): void;
    close(): void;
  }
  /** A widget with a front end of its own: \`esm\` is a module for anywidget (anywidget.dev). */
  function custom<State extends object>(options: { esm: string; css?: string; state: State }): Custom<State>;
  interface Custom<State extends object> {
    get<Name extends keyof State & string>(name: Name): State[Name];
    /** Changes the state here and in all front ends. */
    set(changes: Partial<State>): void;
    onChange<Name extends keyof State & string>(name: Name, listener: (value: State[Name]) => void): () => void;
    send(content: unknown, buffers?: readonly Uint8Array[]): void;
    onMessage(listener: (content: unknown, buffers: readonly Uint8Array[]) => void): () => void;
    close(): void;
  }
}
`;
