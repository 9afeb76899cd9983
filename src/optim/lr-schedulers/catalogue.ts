/** Enters the list of all.ts into the registry, since a scheduler that holds another knows only the registry; who needs it full imports this. */
import * as list from "./all.ts";
import { lrSchedulerRegistry } from "./registry.ts";

lrSchedulerRegistry.add(list);

export { lrSchedulerRegistry };
