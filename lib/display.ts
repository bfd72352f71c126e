/** The method that a notebook kernel calls to display a value (the convention of Deno's Jupyter kernel). */
export const display: unique symbol = Symbol.for("Jupyter.display");
