import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigError } from "../../utils/exceptions.ts";

/** Loads a module of one's own, which registers what it has. @throws ConfigError naming it, and why it cannot be loaded. */
export async function loadModule(path: string): Promise<void> {
  try {
    await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`${path} cannot be loaded: ${why}`, { cause: error });
  }
}
