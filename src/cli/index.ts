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
import { registerTrain } from "./train.ts";
import { registerWatch } from "./watch.ts";

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
registerGenerate(program);
registerDemo(program);
registerBids(program);
registerCache(program);
registerSplit(program);
registerInit(program);
registerSchema(program);
registerTrain(program);
registerResume(program);
registerValidate(program);
registerTest(program);
registerPredict(program);
registerSummary(program);
registerCompare(program);
registerPlot(program);
registerReport(program);
registerWatch(program);
registerExport(program);
registerCompletion(program);

/** The commands that compute nothing: where there is no engine yet, these help. */
const WITHOUT_ENGINE = [
  "setup",
  "doctor",
  "run",
  "cache",
  "bids",
  "init",
  "schema",
  "summary",
  "compare",
  "plot",
  "report",
  "watch",
  "split",
  "completion",
];
/** The commands that show progress. */
const WITH_PROGRESS = ["demo", "train", "resume", "validate", "test", "predict"];
for (const command of program.commands) {
  if (WITH_PROGRESS.includes(command.name())) command.option("--quiet", "show no progress, only results and warnings");
}
program.hook("preAction", (_, command) => {
  if (command.opts().quiet === true) hideProgress();
  // before anything is written
  if (!WITHOUT_ENGINE.includes(command.name())) readEngine();
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
