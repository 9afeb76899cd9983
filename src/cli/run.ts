import { fileURLToPath } from "node:url";
import type { Command } from "commander";

/** `clinicadl run`: a script of the user's own, under the Node that the package brings. */
export function registerRun(program: Command): void {
  program
    .command("run")
    .description("run a script (train.ts) under Node 24, whatever Node this machine has")
    .usage("[options of Node, as --name=value] <script> [arguments]")
    .argument("[arguments...]", "the script, and what goes to it")
    .allowUnknownOption()
    .addHelpText(
      "after",
      "\nThe command ends with the exit code of the script, which hears the\nsignals that the command gets.\n" +
        "A script with `import` is a module, whatever `type` in package.json says.",
    )
    .action(async (args: string[]) => {
      // plain JavaScript outside src/, since the command runs it before this program is loaded
      const url = new URL("../../scripts/setup/run-script.mjs", import.meta.url).href;
      const { runScript } = (await import(url)) as { runScript(root: string, args: readonly string[]): void };
      runScript(fileURLToPath(new URL("../..", import.meta.url)), args);
    });
}
