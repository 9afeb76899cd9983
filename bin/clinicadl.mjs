#!/usr/bin/env node
// The `clinicadl` command. Plain JavaScript, because it may be started by an older Node and before anything is built:
// it runs the program under Node 24, which npm installs beside the package.
import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = realpathSync(fileURLToPath(new URL("..", import.meta.url)));
const program = join(root, "dist", "cli", "index.js");
const args = process.argv.slice(2);

if (args[0] === "setup" && !args.includes("--help") && !args.includes("-h")) {
  const { main } = await import("../scripts/setup.mjs");
  await main(args.slice(1));
} else if (!existsSync(program)) {
  process.stderr.write("clinicadl: this checkout is not set up yet. Run `npx clinicadl setup`.\n");
  process.exitCode = 1;
} else if (Number(process.versions.node.split(".")[0]) >= 24) {
  await import(program);
} else {
  const { node24 } = await import("../scripts/setup/platform.mjs");
  const { runAndExit } = await import("../scripts/setup/run.mjs");
  try {
    runAndExit(node24(root), [fileURLToPath(import.meta.url), ...args]);
  } catch (error) {
    process.stderr.write(`clinicadl: ${error.message}\n`);
    process.exitCode = 1;
  }
}
