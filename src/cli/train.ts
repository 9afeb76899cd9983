/** `npx clinicadl train experiment.yaml`: what the file describes, trained into a MAPS. */
import process from "node:process";
import type { Command } from "commander";
import { answer, progressOutput } from "../utils/output.ts";
import type { RunResult } from "./experiment/index.ts";
import { count, splitList } from "./numbers.ts";

interface Flags {
  readonly set: string[];
  readonly folds?: readonly number[];
  readonly overwrite: boolean;
  readonly requeue: boolean;
  readonly parallel?: number;
  readonly json: boolean;
}

export function registerTrain(program: Command): void {
  program
    .command("train")
    .description("Train what an experiment file (YAML or JSON) describes; started again, go on with it.")
    .argument("<experiment>", "the file; docs/command-line.md says what it holds")
    .option("--set <key=value...>", "values in place of those of the file, as optimization.num_epochs=50", [])
    .option("--folds <list>", "which splits, as 0,2 (default: all)", splitList)
    .option("--overwrite", "delete the MAPS that is there first", false)
    .option("--requeue", "under Slurm, queue the job again when it is asked to end", false)
    .option("--parallel <n>", "how many splits are trained at the same time", count(1))
    .option("--json", "print what was done as JSON", false)
    .action(async (path: string, { json, parallel, ...options }: Flags) => {
      const told = ({ maps, folds }: Omit<RunResult, "rank">): void => {
        if (json) return answer(JSON.stringify({ maps, folds }));
        answer([...folds.map(({ split, did }) => `split ${split} ${did}`), maps].join("\n"));
        const trained = folds.find(({ did }) => did !== "was complete");
        if (trained === undefined) return;
        const checkpoint = `split-${trained.split}_final`;
        progressOutput.write(`Next: npx clinicadl watch ${maps}, or npx clinicadl report ${maps}
On people held out: npx clinicadl test ${maps} --checkpoint ${checkpoint} --group <a name> --data <their table>\n`);
      };
      if (parallel !== undefined) {
        const { trainInParallel } = await import("./train-parallel.ts");
        const { code, ...result } = await trainInParallel(path, options, parallel);
        process.exitCode = code;
        if (code === 0) told(result);
        return;
      }
      const { runExperiment } = await import("./experiment/index.ts");
      const { rank, ...result } = await runExperiment(path, options);
      // of several processes that train together, one speaks
      if (rank > 0) return;
      told(result);
    });
}
