/** Enters the list of all.ts into the registry; who needs it full imports this. */
import * as list from "./all.ts";
import type { Inferer } from "./inferer.ts";
import { infererRegistry } from "./registry.ts";

infererRegistry.add(list);

/**
 * The field that an inferer of this package adds to a batch, if it leaves the others as they are; null: this is not known.
 * @example
 * ```ts
 * console.log(addedFieldOf(new SimpleInferer({ outputName: "score" }))); // → score
 * ```
 */
export function addedFieldOf(inferer: Inferer): string | null {
  if (inferer instanceof list.SaliencyInferer) return null;
  if (inferer instanceof list.TestTimeAugmentation && inferer.spreadName !== null) return null;
  for (const Class of Object.values(list)) {
    if (inferer instanceof Class) return inferer.postprocessing.transforms.length > 0 ? null : inferer.outputName;
  }
  return null;
}

export { infererRegistry };
