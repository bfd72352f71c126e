/** JSON of a Vega-Lite specification. Vega-Lite's own types are not used, because loading them slows down every cell. */
export type Json =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Json[]
  | { readonly [key: string]: Json };
export type Spec = { readonly [key: string]: Json };
