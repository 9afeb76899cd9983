/** `npx clinicadl train experiment.yaml`: what the file describes, trained into a MAPS. */
import type { Command } from "commander";
import { answer } from "../utils/output.ts";
import { splitList } from "./numbers.ts";

interface Flags {
  readonly set: string[];
  readonly folds?: readonly number[];
  readonly overwrite: boolean;
  readonly requeue: boolean;
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
    .option("--json", "print what was done as JSON", false)
    .action(async (path: string, { json, ...options }: Flags) => {
      const { runExperiment } = await import("./experiment/index.ts");
      const { rank, ...result } = await runExperiment(path, options);
      // of several processes that train together, one speaks
      if (rank > 0) return;
      if (json) answer(JSON.stringify(result));
      else answer([...result.folds.map(({ split, did }) => `split ${split} ${did}`), result.maps].join("\n"));
    });
}
