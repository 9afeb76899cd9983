import { refuseOthers } from "../../utils/options.ts";

/** A misspelt option would otherwise be ignored without a word. */
export function checkOptions(what: string, options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`${what}: options are an object, for example { ${known[0]}: … }.`);
  }
  refuseOthers(what, options, known);
}
