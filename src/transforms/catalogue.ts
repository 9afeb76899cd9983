/** Enters the list of all.ts into the registries; who needs them full imports this. */
import * as list from "./all.ts";
import * as extractions from "./extraction/index.ts";
import { extractionRegistry, transformRegistry } from "./registry.ts";

transformRegistry.add(list);
extractionRegistry.add(extractions);

/** The names of this package's own: any program and any thread knows them. */
export const BUILT_IN: ReadonlySet<string> = new Set(transformRegistry.names);

export { extractionRegistry, transformRegistry };
