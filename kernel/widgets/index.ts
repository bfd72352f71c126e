import type { Comms } from "../executor/comms";
import { Controls } from "./controls";
import { CustomWidget, type CustomWidgetOptions } from "./custom-widget";
import { OutputArea } from "./output-area";
import { WidgetModels } from "./widget-model";

/** The widgets of cells: the core controls of ipywidgets' front end, an output area, and widgets of their own. */
export function createWidgets(comms: Comms) {
  const models = new WidgetModels(comms);
  const controls = new Controls(models);
  const { slider, select, radioButtons, text, checkbox, progress, button } = controls;
  return Object.freeze({
    slider,
    select,
    radioButtons,
    text,
    checkbox,
    progress,
    button,
    output: () => new OutputArea(models, controls),
    custom: <State extends object>(options: CustomWidgetOptions<State>) =>
      new CustomWidget(models, controls, options),
  });
}
