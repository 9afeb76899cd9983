/** `npx clinicadl sweep sweep.yaml`: many trainings of an experiment file, with other values each. */
import { type Command, Option } from "commander";
import { answer, say } from "../utils/output.ts";
import { count } from "./numbers.ts";

interface Flags {
  readonly jobs: number;
  readonly status: boolean;
  readonly slurm?: number;
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
    .addOption(
      new Option("--slurm <n>", "train nothing, write a script for n jobs of Slurm at the same time")
        .argParser(count(1))
        .conflicts(["jobs", "status"]),
    )
    .option("--json", "print the trials as JSON", false)
    .action(async (path: string, { jobs, status, slurm, json }: Flags) => {
      const sweeps = await import("./sweep/index.ts");
      const { Study } = await import("../sweep/index.ts");
      const file = sweeps.readSweep(path);
      const nested = sweeps.asNested(file);
      if (!status) await sweeps.checkSweep(nested ?? file);
      if (slurm !== undefined) {
        const script = sweeps.writeSlurmScript({ sweep: path, study: file.study, jobs: slurm });
        if (!json) say("Read it, change it as your cluster needs it, and queue it: sbatch followed by");
        return answer(json ? JSON.stringify({ script }) : script);
      }
      if (nested !== null) {
        if (!status) process.exitCode = await sweeps.runNested(nested, jobs);
        const report = sweeps.nestedReport(nested);
        return answer(json ? JSON.stringify(report) : sweeps.shownNested(nested, report));
      }
      using study = new Study(file.study, file.sweep);
      if (!status) process.exitCode = await sweeps.runSweep(file, study, jobs);
      const best = study.best?.number ?? null;
      const trials = sweeps.trialRows(file.sweep, study);
      answer(json ? JSON.stringify({ trials, best }) : sweeps.shownTrials(file.sweep, study));
    });
}
