/** `npx clinicadl resume`: goes on with a training whose parts the MAPS can restore. */
import type { Command } from "commander";
import { answer } from "../utils/output.ts";
import { computationalOptions, type MapsFlags, mapsCommand, openTrainer } from "./maps-options.ts";
import { count } from "./numbers.ts";

interface Flags extends MapsFlags {
  readonly split: number;
  readonly numEpochs?: number;
  readonly requeue: boolean;
  readonly json: boolean;
}

export function registerResume(program: Command): void {
  mapsCommand(
    program,
    "resume",
    "Go on with an interrupted training from its last checkpoint, or with a complete one for more epochs.",
  )
    .requiredOption("--split <n>", "which split", count(0))
    .option("--num-epochs <n>", "up to which epoch (default: as was recorded)", count(1))
    .option("--requeue", "under Slurm, queue the job again when it is asked to end", false)
    .option("--json", "print what was done as JSON", false)
    .action(async (path: string, flags: Flags) => {
      const { split, numEpochs, requeue, json } = flags;
      using trainer = await openTrainer(path, flags);
      await trainer.resume({
        splitIdx: split,
        ...(numEpochs === undefined ? {} : { numEpochs }),
        ...computationalOptions(flags),
        signals: { requeue },
      });
      // of several processes that train together, one speaks
      if (!trainer.world.isMain) return;
      const maps = trainer.maps.path;
      answer(json ? JSON.stringify({ maps, folds: [{ split, did: "resumed" }] }) : `split ${split} resumed\n${maps}`);
    });
}
