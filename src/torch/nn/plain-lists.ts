import { Parameter } from "./parameter.ts";

/** @throws TypeError for modules and parameters in a plain list of a module: they would be neither trained, moved nor saved. */
export function refusePlainLists(module: object, isModule: (value: unknown) => boolean): void {
  for (const [property, value] of Object.entries(module)) {
    if (!(Array.isArray(value) || value instanceof Set || value instanceof Map)) continue;
    const found: unknown = value.values().find((each) => isModule(each) || each instanceof Parameter);
    if (found === undefined) continue;
    const what = found instanceof Parameter ? "parameters" : "modules";
    const write = found instanceof Parameter ? "registerParameter for each" : "new nn.ModuleList([…]) in its place";
    throw new TypeError(
      `${module.constructor.name}: '${property}' is a plain ${value.constructor.name} of ${what}, which would be neither trained nor saved. Write ${write}, or make it private (#${property}) if they are registered elsewhere.`,
    );
  }
}
