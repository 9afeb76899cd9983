/** The `clinicadl` program: one file per subcommand. */
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { Command } from "commander";
import { noteError } from "../torch/distributed/leaving.ts";
import { readEngine } from "../torch/engine.ts";
import { ClinicaDLException } from "../utils/exceptions.ts";
import { hideProgress, keepGoing, say } from "../utils/output.ts";
import { registerBids } from "./bids.ts";
import { registerCache } from "./cache.ts";
import { registerCalibrate } from "./calibrate.ts";
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
import { registerSweep } from "./sweep.ts";
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
  /** What it does, in the list of all commands. */
  readonly summary: string;
  /** It computes: without an engine it says at once that there is none, before anything is written. */
  readonly computes?: true;
  /** It shows progress, which `--quiet` hides. */
  readonly progress?: true;
}

/** The commands, in the order in which they are listed. */
const COMMANDS: readonly Listed[] = [
  { register: registerSetup, summary: "fetch libtorch and build the addon" },
  { register: registerDoctor, summary: "what was found on this machine, and what is missing" },
  { register: registerRun, summary: "run a script of one's own under the package's Node" },
  { register: registerGenerate, summary: "write a simulated cohort as a BIDS dataset", computes: true },
  {
    register: registerDemo,
    summary: "the main job from end to end on a simulated cohort",
    computes: true,
    progress: true,
  },
  { register: registerBids, summary: "what is in a BIDS dataset" },
  { register: registerCache, summary: "the images that are kept on disk" },
  { register: registerSplit, summary: "divide participants into folds, or into two sides" },
  { register: registerInit, summary: "write a first experiment file for a dataset" },
  { register: registerSchema, summary: "the JSON schema of experiment files" },
  { register: registerTrain, summary: "train what an experiment file describes", computes: true, progress: true },
  { register: registerSweep, summary: "search for the options of an experiment", computes: true, progress: true },
  { register: registerResume, summary: "go on with a training", computes: true, progress: true },
  {
    register: registerValidate,
    summary: "saved models on the validation data of their split",
    computes: true,
    progress: true,
  },
  { register: registerCalibrate, summary: "fit a temperature and a threshold", computes: true, progress: true },
  { register: registerTest, summary: "a saved model on a test group", computes: true, progress: true },
  {
    register: registerPredict,
    summary: "what a saved model gives for a group of data",
    computes: true,
    progress: true,
  },
  { register: registerSummary, summary: "metrics over the splits of a MAPS" },
  { register: registerCompare, summary: "several MAPS side by side" },
  { register: registerPlot, summary: "figures for a paper" },
  { register: registerReport, summary: "one HTML file to send to a colleague" },
  { register: registerWatch, summary: "trainings in the browser, or in the terminal" },
  { register: registerSync, summary: "tell trackers what they lack", computes: true },
  { register: registerExport, summary: "a trained network as a folder to share", computes: true },
  { register: registerCompletion, summary: "completion of commands in bash and zsh" },
];

const computing = new Set<Command>();
for (const { register, summary, computes = false, progress = false } of COMMANDS) {
  register(program);
  const [command] = program.commands.slice(-1);
  if (command === undefined) continue;
  command.summary(summary);
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
  // what the library raises on purpose, and what the system says of a file, is for the user; anything else keeps its stack
  const isOfFile = error instanceof Error && "syscall" in error && "path" in error;
  say(isOfFile || error instanceof ClinicaDLException ? `clinicadl: ${error.message}` : inspect(error));
  // other processes of a launcher, which wait for this one, hear of it
  noteError(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
