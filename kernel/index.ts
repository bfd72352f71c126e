export { installKernelspec, KERNEL_NAME, kernelspec, type Target } from "./command/kernelspec";
export { serve } from "./command/serve";
export type {
  CellProgram,
  Completeness,
  Completions,
  Conversion,
  Diagnostic,
  LanguageEngine,
  Position,
  QuickInfo,
} from "./language/engine";
