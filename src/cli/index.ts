/** The `clinicadl` program: one file per subcommand. */
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { Command } from "commander";
import { EngineNotSetUpError } from "../torch/engine.ts";
import { ClinicaDLException } from "../utils/exceptions.ts";
import { keepGoing, say } from "../utils/output.ts";
import { registerDoctor } from "./doctor.ts";
import { registerRun } from "./run.ts";
import { registerSetup } from "./setup.ts";

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const program = new Command("clinicadl")
  .description("Train deep networks on BIDS brain images reproducibly.")
  .version(manifest.version)
  .showHelpAfterError("(clinicadl --help lists the commands and options)");

registerSetup(program);
registerDoctor(program);
registerRun(program);

/** The commands that compute: without an engine they are not there, and these three help. */
async function registerOthers(): Promise<void> {
  try {
    const { registerWithEngine } = await import("./with-engine.ts");
    registerWithEngine(program);
  } catch (error) {
    if (!(error instanceof EngineNotSetUpError)) throw error;
    program.addHelpText("after", `\nThe other commands are missing: ${error.message}`);
    program.on("command:*", () => {
      throw error;
    });
  }
}

// for as long as the program runs: `npx clinicadl doctor | head -1` is no error
keepGoing();
try {
  await registerOthers();
  await program.parseAsync();
} catch (error) {
  // what the library raises on purpose is written for the user; anything else keeps its stack
  say(error instanceof ClinicaDLException ? `clinicadl: ${error.message}` : inspect(error));
  process.exitCode = 1;
}
