export { home, jupyterEnv, program, python } from "./home";
export { type JupyterLabOptions, type RunningJupyterLab, startJupyterLab } from "./jupyterlab";
export { kernelStep } from "./kernelspec";
export { pythonStep } from "./python";
export type { Step, Tools } from "./step";
