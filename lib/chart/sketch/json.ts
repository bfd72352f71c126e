/** JSON, as a Vega-Lite specification is. Vega-Lite's own types are left out: they cost every cell that loads them. */
export type Json =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Json[]
  | { readonly [key: string]: Json };
export type Spec = { readonly [key: string]: Json };
