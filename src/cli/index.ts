/** The `clinicadl` program: one file per subcommand. */
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { Command } from "commander";
import { readEngine } from "../torch/engine.ts";
import { ClinicaDLException } from "../utils/exceptions.ts";
import { hideProgress, keepGoing, say } from "../utils/output.ts";
import { registerBids } from "./bids.ts";
import { registerCache } from "./cache.ts";
import { registerCompare } from "./compare.ts";
import { registerCompletion } from "./completion.ts";
import { registerDemo } from "./demo-command.ts";
import { registerDoctor } from "./doctor.ts";
import { registerPredict, registerTest, registerValidate } from "./evaluate.ts";
import { registerExport } from "./export.ts";
import { registerGenerate } from "./generate.ts";
import { registerInit } from "./init.ts";
import { registerPlot } from "./plot.ts";
import { registerReport } from "./report.ts";
import { registerResume } from "./resume.ts";
import { registerRun } from "./run.ts";
import { registerSchema } from "./schema.ts";
import { registerSetup } from "./setup.ts";
import { registerSplit } from "./split.ts";
import { registerSummary } from "./summary.ts";
import { registerSync } from "./sync.ts";
import { registerTrain } from "./train.ts";
import { registerWatch } from "./watch.ts";

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const program = new Command("clinicadl")
  .description("Train deep networks on BIDS brain images reproducibly.")
  .version(manifest.version)
  .showHelpAfterError("(clinicadl --help lists the commands and options)");

/** A command, and what is true of it. */
interface Listed {
  readonly register: (program: Command) => void;
  /** It computes: without an engine it says at once that there is none, before anything is written. */
  readonly computes?: true;
  /** It shows progress, which `--quiet` hides. */
  readonly progress?: true;
}

/** The commands, in the order in which they are listed. */
const COMMANDS: readonly Listed[] = [
  { register: registerSetup },
  { register: registerDoctor },
  { register: registerRun },
  { register: registerGenerate, computes: true },
  { register: registerDemo, computes: true, progress: true },
  { register: registerBids },
  { register: registerCache },
  { register: registerSplit },
  { register: registerInit },
  { register: registerSchema },
  { register: registerTrain, computes: true, progress: true },
  { register: registerResume, computes: true, progress: true },
  { register: registerValidate, computes: true, progress: true },
  { register: registerTest, computes: true, progress: true },
  { register: registerPredict, computes: true, progress: true },
  { register: registerSummary },
  { register: registerCompare },
  { register: registerPlot },
  { register: registerReport },
  { register: registerWatch },
  { register: registerSync, computes: true },
  { register: registerExport, computes: true },
  { register: registerCompletion },
];

const computing = new Set<Command>();
for (const { register, computes = false, progress = false } of COMMANDS) {
  register(program);
  const [command] = program.commands.slice(-1);
  if (command === undefined) continue;
  if (computes) computing.add(command);
  if (progress) command.option("--quiet", "show no progress, only results and warnings");
}
program.hook("preAction", (_, command) => {
  if (command.opts().quiet === true) hideProgress();
  if (computing.has(command)) readEngine();
});

// for as long as the program runs: `npx clinicadl doctor | head -1` is no error
keepGoing();
try {
  await program.parseAsync();
} catch (error) {
  // what the library raises on purpose is written for the user; anything else keeps its stack
  say(error instanceof ClinicaDLException ? `clinicadl: ${error.message}` : inspect(error));
  process.exitCode = 1;
}
