// `clinicadl run [options of Node] train.ts [arguments]`: a script of the user's own, under Node 24.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { nodeOfPackage } from "./platform.mjs";
import { SetupError } from "./report.mjs";
import { runAndExit } from "./run.mjs";

const hooks = new URL("./module-scripts.mjs", import.meta.url).href;

/** Ends as the script ends: its exit code, its signal. */
export function runScript(root, args) {
  const at = args.findIndex((argument) => !argument.startsWith("-"));
  const script = args[at];
  if (script === undefined) {
    throw new SetupError(
      "run needs a script: npx clinicadl run train.ts. Options of Node before it are written --name=value.",
    );
  }
  const path = resolve(script);
  if (!existsSync(path)) throw new SetupError(`There is no script ${path}.`);
  runAndExit(nodeOfPackage(root), [...args.slice(0, at), "--import", hooks, path, ...args.slice(at + 1)]);
}
