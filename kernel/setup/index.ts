export { home, jupyterEnv, program, python } from "./home";
export { kernelStep } from "./kernelspec";
export { type LabOptions, type RunningLab, startLab } from "./lab";
export { pythonStep } from "./python";
export type { Step, Tools } from "./step";
