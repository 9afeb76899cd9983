/** The `clinicadl` program: one file per subcommand. */
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { ClinicaDLException } from "../utils/exceptions.ts";
import { registerDemo } from "./demo.ts";
import { registerDoctor } from "./doctor.ts";
import { registerPredict, registerTest, registerValidate } from "./evaluate.ts";
import { registerGenerate } from "./generate.ts";
import { registerResume } from "./resume.ts";
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
registerGenerate(program);
registerDemo(program);
registerResume(program);
registerValidate(program);
registerTest(program);
registerPredict(program);

try {
  await program.parseAsync();
} catch (error) {
  // what the library raises on purpose is written for the user; anything else keeps its stack
  if (!(error instanceof ClinicaDLException)) throw error;
  process.stderr.write(`clinicadl: ${error.message}\n`);
  process.exitCode = 1;
}
