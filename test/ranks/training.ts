/** The training of the harness, as a script does it that a launcher may start again. */

import { existsSync } from "node:fs";
import * as torch from "../../src/torch/index.ts";
import { computational, EPOCHS, interruptedParts } from "../../src/train/fixtures/interrupted.ts";
import { toyModel, toySplit } from "../../src/train/fixtures/toy.ts";
import { Trainer } from "../../src/train/index.ts";

/** Trains, or goes on from the last checkpoint, and ends. */
export async function goOn(maps: string, point: (name: string) => void, batchSize = 2): Promise<void> {
  using trainer = await Trainer.open({
    maps,
    model: toyModel({ norm: null }),
    optimization: { numEpochs: EPOCHS, clipGradNorm: 1 },
    ...interruptedParts(2),
  });
  point("trainer");
  const split = toySplit({ batchSize });
  // what is there is looked at by all before one of them changes it: `train` and `resume` begin by waiting for all
  const { completeJson, tmp } = trainer.maps.training.split(0);
  const signals = false;
  if (existsSync(completeJson)) point("complete");
  else if (existsSync(tmp.path) && tmp.list.length > 0) await trainer.resume({ splitIdx: 0, split, signals });
  else {
    await trainer.train(split, { computational, signals });
  }
  point("trained");
  await torch.distributed.destroyProcessGroup();
}
