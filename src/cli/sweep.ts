/** `npx clinicadl sweep sweep.yaml`: many trainings of an experiment file, with other values each. */
import type { Command } from "commander";
import { answer } from "../utils/output.ts";
import { count } from "./numbers.ts";

interface Flags {
  readonly jobs: number;
  readonly status: boolean;
  readonly json: boolean;
}

export function registerSweep(program: Command): void {
  program
    .command("sweep")
    .description(
      "Search for the best options of an experiment file; started again, or twice, go on with the same study.",
    )
    .argument("<sweep>", "the file; docs/sweeps.md says what it holds")
    .option("--jobs <n>", "how many trials are trained at the same time, on this machine", count(1), 1)
    .option("--status", "train nothing, show the trials", false)
    .option("--json", "print the trials as JSON", false)
    .action(async (path: string, { jobs, status, json }: Flags) => {
      const { checkSweep, readSweep, runSweep, shownTrials, trialRows } = await import("./sweep/index.ts");
      const { Study } = await import("../sweep/index.ts");
      const file = readSweep(path);
      if (!status) await checkSweep(file);
      using study = new Study(file.study, file.sweep);
      if (!status) process.exitCode = await runSweep(file, study, jobs);
      const best = study.best?.number ?? null;
      answer(json ? JSON.stringify({ trials: trialRows(file.sweep, study), best }) : shownTrials(file.sweep, study));
    });
}
