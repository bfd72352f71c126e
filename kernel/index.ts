export { installKernelspec, KERNEL_NAME, kernelspec, type Target } from "./command/kernelspec";
export { serve } from "./command/serve";
export type { Completions, Conversion, Diagnostic, LanguageEngine, QuickInfo } from "./language/engine";
