/** `npx clinicadl resume`: goes on with a training whose parts the MAPS can restore. */
import type { Command } from "commander";
import { Trainer } from "../train/index.ts";
import { count } from "./numbers.ts";

interface Flags {
  readonly split: number;
  readonly numEpochs?: number;
  readonly cpu: boolean;
  readonly requeue: boolean;
}

export function registerResume(program: Command): void {
  program
    .command("resume")
    .description("Go on with an interrupted training from its last checkpoint, or with a complete one for more epochs.")
    .argument("<maps>", "the directory of the MAPS")
    .requiredOption("--split <n>", "which split", count(0))
    .option("--num-epochs <n>", "up to which epoch (default: as was recorded)", count(1))
    .option("--cpu", "without a GPU, even if the training was begun on one", false)
    .option("--requeue", "under Slurm, queue the job again when it is asked to end", false)
    .action(async (path: string, { split, numEpochs, cpu, requeue }: Flags) => {
      using trainer = await Trainer.fromMaps(path);
      await trainer.resume({
        splitIdx: split,
        ...(numEpochs === undefined ? {} : { numEpochs }),
        ...(cpu ? { computational: { gpu: false } } : {}),
        signals: { requeue },
      });
    });
}
