#!/usr/bin/env node
// The `clinicadl` command. Plain JavaScript, because it may be started by an older Node and before anything is built:
// it runs the program under the Node that npm installs beside the package.
import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { keepCompiled } from "../scripts/setup/compiled.mjs";
import { isNewEnough, nodeOfPackage } from "../scripts/setup/platform.mjs";

// who reads the output may end (`npx clinicadl doctor | head -1`): that is no error
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

keepCompiled();
const root = realpathSync(fileURLToPath(new URL("..", import.meta.url)));
const program = join(root, "dist", "cli", "index.js");
const args = process.argv.slice(2);
const [command, ...rest] = args;
// the options of a script are behind its name
const help = ["--help", "-h"].some((name) => (command === "run" ? rest[0] === name : rest.includes(name)));

/** Says why something cannot be run instead of showing a stack. */
function attempt(start) {
  try {
    start();
  } catch (error) {
    process.stderr.write(`clinicadl: ${error.message}\n`);
    process.exitCode = 1;
  }
}

if (command === "setup" && !help) {
  const { main } = await import("../scripts/setup.mjs");
  await main(rest);
} else if (command === "run" && !help) {
  const { runScript } = await import("../scripts/setup/run-script.mjs");
  attempt(() => runScript(root, rest));
} else if (!existsSync(program)) {
  process.stderr.write("clinicadl: this checkout is not set up yet. Run `npx clinicadl setup`.\n");
  process.exitCode = 1;
} else if (isNewEnough()) {
  await import(program);
} else {
  const { runAndExit } = await import("../scripts/setup/run.mjs");
  attempt(() => runAndExit(nodeOfPackage(root), [fileURLToPath(import.meta.url), ...args]));
}
