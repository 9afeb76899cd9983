// Builds the documentation's site into build/docs: `npm run docs`; `npm run docs:dev` shows it while it is written.
//
// VitePress and TypeDoc are installed beside this file at the first use, which needs the network; nothing else does. They are
// apart from the package's own tools, because TypeDoc needs a TypeScript that can be asked for types, and that of the package
// is a program only.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installModules, modulesNeeded } from "../setup/node-modules.mjs";
import { asSetupError, SetupError } from "../setup/report.mjs";
import { writeApi } from "./api.mjs";
import { stage } from "./stage.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const folder = join(root, "build", "site");

async function build(mode) {
  if (modulesNeeded(here) !== undefined) await installModules(here, process.env);
  stage(root, folder);
  await writeApi(root, here, join(folder, "api"));
  if (mode === "dev") watch(join(root, "docs"), { recursive: true }, () => stage(root, folder));
  const vitepress = join(here, "node_modules", "vitepress", "bin", "vitepress.js");
  const [status] = await once(spawn(process.execPath, [vitepress, mode, here], { stdio: "inherit" }), "close");
  process.exitCode = status ?? 1;
}

try {
  await build(process.argv[2] === "dev" ? "dev" : "build");
} catch (error) {
  const known = asSetupError(error, here);
  if (!(known instanceof SetupError)) throw known;
  process.stderr.write(`documentation: ${known.message}\n`);
  process.exitCode = 1;
}
