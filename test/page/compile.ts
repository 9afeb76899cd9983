import { execFileSync } from "node:child_process";
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pageArguments } from "../../scripts/setup/typescript.mjs";

/** Compiles the live page of this checkout into a folder, as the package has it. */
export function compilePage(folder: string): void {
  const root = join(import.meta.dirname, "..", "..");
  execFileSync(process.execPath, pageArguments(root, folder));
  const source = join(root, "src", "view", "page");
  for (const name of readdirSync(source)) if (!name.endsWith(".ts")) cpSync(join(source, name), join(folder, name));
}
