import { existsSync, readFileSync, realpathSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { show } from "./config.ts";
import { ConfigError } from "./exceptions.ts";

/**
 * Where a class or function of one's own stands, so that a worker thread can import it:
 * `{ module: import.meta.url, export: "Faces" }`.
 */
export interface ModuleExport {
  /** The URL of the module: `import.meta.url`, written in the module. */
  readonly module: string | URL;
  /** The name under which the module exports it. */
  readonly export: string;
}

/**
 * Checks, without running the module again, that another thread can import from it.
 * @param what whose module it is, for messages: "Faces".
 * @throws ConfigError when there is no such file, it does not name the export, or it is the program itself: a thread that
 * imported it would run the whole program once more.
 */
export function checkModuleExport(what: string, value: unknown): { readonly module: string; readonly export: string } {
  if (!isModuleExport(value)) {
    throw new ConfigError(
      `${what}: got ${show(value)}. Expected the module and the name of the export: { module: import.meta.url, export: "…" }.`,
    );
  }
  const checked = { module: String(value.module), export: value.export };
  if (!checked.module.startsWith("file:")) return checked;
  const path = fileURLToPath(checked.module);
  if (!existsSync(path)) throw new ConfigError(`${what}: the module ${path} does not exist.`);
  if (isProgram(path)) {
    throw new ConfigError(
      `${what}: ${path} is the program itself, which a worker thread would run once more. Move what it exports to a module of its own, and import it from there.`,
    );
  }
  const text = readFileSync(path, "utf8");
  if (!text.includes("export *") && !text.includes(value.export)) {
    throw new ConfigError(`${what}: the module ${path} has no export '${value.export}'. Check the spelling.`);
  }
  return checked;
}

/** Imports what was described. @throws ConfigError when the module has no such export. */
export async function importExport({ module, export: name }: ModuleExport): Promise<unknown> {
  const members: unknown = await import(String(module));
  const found: unknown = typeof members === "object" && members !== null ? Reflect.get(members, name) : undefined;
  if (found !== undefined) return found;
  throw new ConfigError(`The module ${module} has no export '${name}'. Export it under this name.`);
}

function isModuleExport(value: unknown): value is ModuleExport {
  if (typeof value !== "object" || value === null || !("module" in value) || !("export" in value)) return false;
  const isUrl = (typeof value.module === "string" && URL.canParse(value.module)) || value.module instanceof URL;
  return isUrl && typeof value.export === "string" && value.export !== "";
}

function isProgram(path: string): boolean {
  const [, program] = process.argv;
  if (program === undefined || !existsSync(program)) return false;
  return realpathSync(program) === realpathSync(path);
}
